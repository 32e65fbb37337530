"""Folders of Hugging Face models: one that is here, or one that is fetched by its name, without any pickle or code."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from core.errors import InputError, reason
from core.labelling.extra import extra
from core.labelling.licence import Agree, Terms, check_agreed

MAX_BYTES = 8 * 2**30
CONFIG = "config.json"
# What is fetched: settings, words of a tokenizer, weights. Nothing that could run.
_WANTED = ["*.json", "*.txt", "*.safetensors"]
_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)
_SITE = "https://huggingface.co"
_NO_WEIGHTS = "Only safetensors are read: save it anew with model.save_pretrained(FOLDER)."


def model_folder(name: str, agree: Agree) -> Path:
    """The folder of a model: `name` itself where that is one, else that of the model of this name, fetched where it is
    not here yet and `agree` says so. Raises `InputError`."""
    if Path(name).is_dir():
        return check_folder(Path(name))
    if not _NAME.fullmatch(name) or ".." in name:
        raise InputError(f"There is no folder {name}, and no model is called so.", "Name a folder, or OWNER/MODEL.")
    hub, errors = extra("huggingface_hub"), extra("huggingface_hub.errors")
    with suppress(errors.LocalEntryNotFoundError):
        here = Path(hub.snapshot_download(name, allow_patterns=_WANTED, local_files_only=True))
        if any(here.glob("*.safetensors")):
            return check_folder(here)
    return check_folder(_fetched(name, agree))


def check_folder(folder: Path) -> Path:
    """The folder itself. Raises `InputError` where it holds no model, no safetensors, or is too large."""
    if not (folder / CONFIG).is_file():
        raise InputError(
            f"{folder} is no model of transformers: it has no {CONFIG}.",
            "Name a folder that model.save_pretrained and processor.save_pretrained wrote.",
        )
    weights = list(folder.glob("*.safetensors"))
    if not weights:
        raise InputError(f"{folder} has no weights as safetensors.", _NO_WEIGHTS)
    size = sum(path.stat().st_size for path in weights)
    if size > MAX_BYTES:
        raise InputError(f"The weights in {folder} are larger than {MAX_BYTES / 2**30:.0f} GB.", "Use a smaller model.")
    return folder


def _fetched(name: str, agree: Agree) -> Path:
    """Exactly the revision whose licence was shown."""
    hub, errors = extra("huggingface_hub"), extra("huggingface_hub.errors")
    try:
        about = hub.model_info(name, files_metadata=True)
        files = {entry.rfilename: entry.size or 0 for entry in about.siblings or []}
        if not any(file.endswith(".safetensors") for file in files):
            raise InputError(f"The model {name} has no weights as safetensors.", _NO_WEIGHTS)
        card = about.card_data
        licence = (card.get("license") if card is not None else None) or "none is said"
        size = sum(count for file, count in files.items() if Path(file).suffix in (".json", ".txt", ".safetensors"))
        if size > MAX_BYTES:
            raise InputError(f"The model {name} is larger than {MAX_BYTES / 2**30:.0f} GB.", "Use a smaller model.")
        check_agreed(Terms(f"The model {name}", _SITE, size, str(licence), f"{_SITE}/{name}"), agree)
        return Path(hub.snapshot_download(name, revision=about.sha, allow_patterns=_WANTED))
    except InputError:
        raise
    except errors.HfHubHTTPError as error:
        raise InputError(
            f"The model {name} cannot be fetched: {reason(error)}.", f"Look at {_SITE}/{name}, or name a folder."
        ) from error
    except (*errors.HfHubHTTPError.__bases__, errors.LocalEntryNotFoundError) as error:
        # OSError, and what the HTTP client raises where there is no connection.
        raise InputError(
            f"The model {name} is not on this machine, and the internet cannot be reached.",
            "Connect once to fetch it, or fetch it elsewhere and name its folder.",
        ) from error
