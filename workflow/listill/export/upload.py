"""Upload an exported model to the Hugging Face hub, on request only."""

import logging
import re
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

from listill.errors import UserError

MESSAGE = "Upload a model trained with listill"
NAME = re.compile(r"[\w.-]+/[\w.-]+")
log = logging.getLogger("listill")


def push(folder: Path, name: str, *, public: bool = False, api: Any = None) -> str:
    """Upload the exported ``folder`` to the repository ``name`` (ORG/NAME) and return its address.

    The repository is made if it does not exist: private, unless ``public``. Files that it has and the folder lacks remain.
    ``api`` is that of huggingface_hub. Raises UserError if the name is none, without a network or log-in, and if the hub
    refuses.
    """
    if not NAME.fullmatch(name):
        raise UserError(f"--push-to {name}: not the name of a repository: write ORG/NAME")
    if not (folder / "README.md").is_file():
        raise UserError(f"{folder}: no such exported model: run snakemake export first")
    if constants.is_offline_mode():
        raise UserError(f"--push-to {name}: HF_HUB_OFFLINE is set, so that nothing is uploaded: unset it")
    api = api or HfApi()
    try:
        api.create_repo(name, private=not public, exist_ok=True, repo_type="model")
        if not public and not api.repo_info(name, repo_type="model").private:
            raise UserError(f"--push-to {name}: the repository is public: pass --public, or choose another name")
        api.upload_folder(repo_id=name, folder_path=folder, repo_type="model", commit_message=MESSAGE)
    except UserError:
        raise
    except LocalTokenNotFoundError:
        raise UserError(f"--push-to {name}: not logged in: run 'hf auth login' or set HF_TOKEN") from None
    except HfHubHTTPError as error:
        raise UserError(
            f"--push-to {name}: the hub refuses ({_reason(error)}): log in with 'hf auth login' as a user who may write there"
        ) from None
    except Exception as error:  # the exceptions of a broken connection have no common base class
        raise UserError(
            f"--push-to {name}: the upload failed ({_reason(error)}): run again, with access to the hub; "
            f"the model is in {folder}"
        ) from None
    address = f"https://huggingface.co/{name}"
    log.info("%s: uploaded to %s (%s)", folder, address, "public" if public else "private")
    return address


def _reason(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
