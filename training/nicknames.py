"""Which names are forms of one name: Joseph, Joe, Joey."""

from collections import defaultdict
from typing import Final

# The full name first, then its short forms, the most usual one first.
_FORMS: Final = """
Abigail Abby Gail/Albert Al Bert/Alexander Alex Xander/Alexandra Alex Lexi Sandra/Alfred Fred Al/Alice Ali
Allison Ally/Amanda Mandy/Amelia Millie Amy/Andrea Andie/Andrew Andy Drew/Angela Angie/Ann Annie/Anna Annie
Anthony Tony Ant/Arnold Arnie/Arthur Art Artie/Barbara Barb Barbie Babs/Bartholomew Bart/Beatrice Bea/Benjamin Ben Benny
Bernard Bernie/Bradley Brad/Brandon Bran/Calvin Cal/Cameron Cam/Caroline Carrie/Carolyn Carrie/Catherine Cathy Cat
Cassandra Cassie Cass/Chandler Chan Chandy Channy Chanandler/Charles Charlie Chuck Chas/Charlotte Lottie Charlie
Cheryl Cher/Christina Tina Chrissy/Christine Chris Chrissy/Christopher Chris Topher/Clifford Cliff/Clinton Clint
Constance Connie/Cynthia Cindy/Daniel Dan Danny/Danielle Dani/David Dave Davey/Deborah Debbie Deb/Debra Debbie Deb
Dennis Denny/Derek Rick/Donald Don Donny/Dorothy Dot Dottie/Douglas Doug/Edward Ed Eddie Ted/Eleanor Ellie Nell
Elizabeth Liz Beth Betty Lizzie Eliza Betsy Libby/Ellen Ellie/Emily Em Emmy/Emma Em/Eugene Gene/Evelyn Evie
Florence Flo/Frances Fran Franny/Francis Frank/Franklin Frank/Frank Frankie/Frederick Fred Freddie/Gabriel Gabe
Gabrielle Gabby/Geoffrey Geoff/Gerald Gerry/Gilbert Gil/Gladys Glad/Gregory Greg/Gwendolyn Gwen/Harold Hal Harry
Harriet Hattie/Heather Heath/Helen Nell/Henry Hank Hal/Howard Howie/Irene Renie/Isabella Bella Izzy/Jacob Jake
Jacqueline Jackie/James Jim Jimmy Jamie/Janet Jan/Janice Jan/Jason Jase/Jeffrey Jeff/Jennifer Jen Jenny/Jeremy Jerry
Jerome Jerry/Jessica Jess Jessie/Jill Jilly/Joan Joanie/Joanna Jo/Joanne Jo/John Johnny Jack/Jonathan Jon Jonny
Joseph Joe Joey/Josephine Josie/Joshua Josh/Joyce Joy/Judith Judy/Judy Jude/Julia Jules/Julie Jules/Karen Kari
Katherine Kathy Kate Katie Kat/Kathleen Kathy Kate/Kathryn Kathy Kate/Kenneth Ken Kenny/Kevin Kev/Kimberly Kim
Kristen Kris/Kristin Kris/Lawrence Larry/Leonard Len Lenny/Leslie Les/Lillian Lily/Linda Lindy/Louis Lou/Louise Lou
Lucille Lucy/Margaret Maggie Meg Peggy Marge/Maria Mia/Marilyn Lynn/Martin Marty/Marvin Marv/Mary Molly
Matthew Matt Matty/Maureen Mo/Maxwell Max/Melissa Mel Missy/Melvin Mel/Michael Mike Mickey Mick Mikey/Michelle Shelly
Mitchell Mitch/Monica Mon Monnie Monny/Nancy Nan/Natalie Nat/Nathan Nate/Nathaniel Nate/Nicholas Nick Nicky
Nicole Nicky/Norman Norm/Oliver Ollie/Pamela Pam Pammy/Patricia Pat Patty Trish Tricia/Patrick Pat Paddy/Paul Paulie
Penelope Penny/Peter Pete/Philip Phil/Phillip Phil
Phoebe Pheebs Pheebes Pheeb Phoebs Phebes Phebe Pheobe Pheebe Feebs/Rachel Rach Rache Rachy Rachie Rachael Racheal
Raymond Ray/Rebecca Becky Becca/Reginald Reggie/Richard Rick Rich Richie Dick/Robert Bob Bobby Rob Robbie/Rodney Rod
Roger Rog/Roland Rollie/Ronald Ron Ronnie/Ross Rossy Rossie Rosso/Russell Russ/Ruth Ruthie/Samantha Sam/Samuel Sam Sammy
Sandra Sandy/Sarah Sally/Scott Scotty/Sharon Shari/Shirley Shirl/Sidney Sid/Stanley Stan/Stephanie Steph
Stephen Steve/Steven Steve Stevie/Stuart Stu/Susan Sue Susie Suzie/Suzanne Sue Suzie/Terence Terry/Teresa Terry Tess
Theodore Ted Teddy Theo/Theresa Terry Tess/Thomas Tom Tommy/Timothy Tim Timmy/Valerie Val/Vanessa Nessa/Veronica Ronnie
Victor Vic/Victoria Vicky Tori/Vincent Vince Vinny/Virginia Ginny/Walter Walt Wally/Warren Ren/Wesley Wes
William Bill Will Billy Willy/Winifred Winnie/Zachary Zach Zack
"""
_FAMILIES: Final = [family.split() for row in _FORMS.strip().splitlines() for family in row.split("/")]
_USUAL: Final = {full: forms[0] for full, *forms in _FAMILIES}


def _neighbours() -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for family in _FAMILIES:
        for name in family:
            found[name] += [other for other in family if other != name]
    return {name: tuple(dict.fromkeys(others)) for name, others in found.items()}


_FORMS_OF: Final = _neighbours()


def forms(name: str) -> tuple[str, ...]:
    """Return the other forms that the bearer of ``name`` may be called by."""
    return _FORMS_OF.get(name.title(), ())


def usual(name: str) -> str:
    """Return what friends of ``name`` say: the usual short form, or the name itself."""
    return _USUAL.get(name.title(), name)
