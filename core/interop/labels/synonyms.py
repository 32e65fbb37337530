"""What others call the classes of streets: names of Cityscapes, KITTI, COCO, ADE20K, Mapillary, BDD100K and CamVid.

Only names that mean the same, or a kind of it. What has no counterpart, as animals, is left out.
"""

from __future__ import annotations

# A name of ours -> what others call it, written plainly (`plain`).
SYNONYMS: dict[str, tuple[str, ...]] = {
    "unlabelled": ("unlabeled", "void", "background", "ignore", "other", "unknown", "ego vehicle", "static", "dynamic")
    + ("rectification border", "out of roi", "ground"),
    "road": ("street", "roads", "drivable area", "drivable", "parking", "lane", "lane marking", "road marking")
    + ("crosswalk", "bike lane", "road merged", "asphalt"),
    "sidewalk": ("pavement", "footpath", "curb", "kerb", "pedestrian area", "pavement merged", "platform"),
    "building": ("house", "buildings", "skyscraper", "bridge", "tunnel", "building other merged", "roof", "archway"),
    "wall": ("wall brick", "wall stone", "wall tile", "wall wood", "wall concrete", "wall other merged"),
    "fence": ("guard rail", "guardrail", "barrier", "railing", "fence merged"),
    "pole": ("polegroup", "pole group", "utility pole", "street light", "street lamp", "column pole")
    + ("streetlight",),
    "traffic light": ("traffic lights", "trafficlight", "stoplight", "traffic signal"),
    "traffic sign": (
        "traffic sign front",
        "trafficsign",
        "sign",
        "signboard",
        "signsymbol",
        "stop sign",
        "street sign",
    ),
    "vegetation": ("tree", "trees", "tree merged", "bush", "plant", "plants", "hedge", "nature", "vegetation misc"),
    "terrain": ("grass", "grass merged", "dirt", "dirt merged", "soil", "sand", "gravel", "rail track", "railroad")
    + ("earth", "field"),
    "sky": ("sky other merged", "clouds"),
    "person": ("pedestrian", "people", "human", "man", "woman", "child", "walker"),
    "rider": ("bicyclist", "cyclist", "motorcyclist", "other rider"),
    "car": ("cars", "van", "suv", "taxi", "automobile", "vehicle", "license plate", "suvpickuptruck"),
    "truck": ("lorry", "trailer", "caravan", "pickup", "pickup truck", "truck bus"),
    "bus": ("coach", "minibus"),
    "train": ("tram", "on rails", "metro"),
    "motorcycle": ("motorbike", "moped", "scooter", "minibike", "motorcyclescooter"),
    "bicycle": ("bike", "cycle"),
    "street furniture": ("fire hydrant", "parking meter", "bench", "trash can", "trash bin", "mailbox", "phone booth")
    + ("bike rack", "billboard", "junction box", "manhole", "bin", "hydrant", "bollard", "traffic cone", "ashcan"),
}


def plain(name: str) -> str:
    """A name without what differs from list to list: capitals, dashes, dots, brackets."""
    kept = "".join(letter if letter.isalnum() else " " for letter in name.lower())
    return " ".join(kept.split())


def synonyms_of(name: str) -> frozenset[str]:
    """All names, written plainly, of the class that `name` is one of; with `name` itself."""
    wanted = plain(name)
    groups = ((plain(ours), *others) for ours, others in SYNONYMS.items())
    return frozenset(next((group for group in groups if wanted in group), ())) | {wanted}
