# syntax=docker/dockerfile:1
# Two images: `--target bot` (no torch) and `--target worker`. The steps are those of the Makefile.

FROM python:3.11-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/app/.venv/bin:$PATH
RUN useradd --uid 10001 --create-home greenlit
WORKDIR /app
RUN python -m venv .venv
COPY pyproject.toml constraints.txt README.md LICENSE greenlit.py ./
COPY bot bot
COPY db db
COPY model model
COPY training training
COPY alembic alembic
COPY alembic.ini ./

FROM base AS bot
# What the pictures need besides our own Latin fonts: Chinese, Japanese, Korean (91 MB), emoji (11 MB), right to left.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-cjk fonts-noto-color-emoji libfribidi0 \
    && rm -rf /var/lib/apt/lists/*
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip install --quiet --constraint constraints.txt --editable '.[postgres]'
RUN mkdir var && chown greenlit var
USER greenlit
EXPOSE 8576
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8576/readyz', timeout=2)"]
CMD ["greenlit", "bot"]

FROM base AS worker
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip install --quiet --constraint constraints.txt torch
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip install --quiet --constraint constraints.txt --editable '.[worker,cuda]'
USER greenlit
EXPOSE 8577
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=120s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8577/readyz', timeout=2)"]
CMD ["greenlit", "worker"]
