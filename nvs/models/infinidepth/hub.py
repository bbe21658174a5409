"""The authors' checkpoints on the Hugging Face hub: downloaded once, kept in the hub's cache."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from nvs.errors import InputError

REPOSITORY = "ritianyu/InfiniDepth"
CONTENT_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # git's, or SHA-256 for large files
SHA256_DIGITS = 64


def cached_checkpoint(filename: str, model: str) -> Path:
    """A checkpoint that is already on this machine; the network is not asked.

    Args:
        filename: in the authors' repository.
        model: the name that `nvs models download` knows it by.

    Raises:
        InputError: it is not here (the line says how to get it).
    """
    found = _hub().try_to_load_from_cache(REPOSITORY, filename)
    if not isinstance(found, str):
        raise InputError(
            f"{filename} is not on this machine: run `nvs models download {model}` where there "
            "is a network, or give the file with --weights"
        )
    return Path(found)


def download_checkpoint(filename: str) -> Path:
    """Fetch a checkpoint into the hub's own cache, with a progress bar; at once if it is there.

    What an interrupted download has left is continued.  The file is checked against the
    hub's SHA-256 before it takes its place.

    Raises:
        InputError: no network and not in the cache, the hub refuses, the disk is full, or the
            file is not what the hub says it is.
    """
    hub = _hub()
    found = hub.try_to_load_from_cache(REPOSITORY, filename)
    if isinstance(found, str):
        return Path(found)
    try:
        # The repository is public: nobody's token is sent along.
        url = hub.hf_hub_url(REPOSITORY, filename)
        metadata = hub.get_hf_file_metadata(url, token=False)
        if not CONTENT_HASH.fullmatch(metadata.etag or ""):
            raise InputError(f"the hub gave no hash for {filename}: it cannot be checked")
        blob = _blob_path(hub, metadata.etag)
        blob.parent.mkdir(parents=True, exist_ok=True)
        # The library forgets what a stopped process had fetched; 1.3 GB are worth keeping.  What
        # continues it is not promised by the library: where it is gone, it fetches all.
        lock, http_get = getattr(hub.utils, "WeakFileLock", None), _http_get()
        if lock is not None and http_get is not None:
            with lock(f"{blob}.lock"):
                if not blob.exists():
                    _fetch(hub, http_get, metadata, blob, filename)
        # The content is there: what is left is its name in the cache.
        return Path(hub.hf_hub_download(REPOSITORY, filename, token=False))
    except InputError:
        raise
    except Exception as error:  # each version of the library has network errors of its own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"cannot download {filename} from the Hugging Face hub ({reason}): run the command "
            "again to continue, or give the file with --weights"
        ) from None


def _http_get() -> Callable[..., None] | None:
    try:
        from huggingface_hub.file_download import http_get
    except ImportError:
        return None
    return http_get


def _fetch(
    hub: ModuleType,
    http_get: Callable[..., None],
    metadata: Any,  # noqa: ANN401 (the library's)
    blob: Path,
    filename: str,
) -> None:
    """Bring a blob's bytes, continuing what is there, and check them."""
    partial = blob.with_name(f"{blob.name}.nvs.incomplete")
    with partial.open("ab") as file:
        if metadata.size is not None and file.tell() > metadata.size:
            file.truncate(0)
        http_get(
            metadata.location,
            file,
            resume_size=file.tell(),
            expected_size=metadata.size,
            headers=hub.utils.build_hf_headers(token=False),
            displayed_filename=filename,
        )
    if len(metadata.etag) == SHA256_DIGITS and _sha256(partial) != metadata.etag:
        partial.unlink()
        raise InputError(
            f"{filename} came damaged: its SHA-256 is not the hub's, and it was removed; "
            "run the command again"
        )
    partial.replace(blob)


def _blob_path(hub: ModuleType, etag: str) -> Path:
    """Where the hub's cache keeps a file's content."""
    cache = Path(hub.constants.HF_HUB_CACHE)
    return cache / f"models--{REPOSITORY.replace('/', '--')}" / "blobs" / etag


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _hub() -> ModuleType:
    try:
        import huggingface_hub
        import huggingface_hub.constants
        import huggingface_hub.utils
    except ImportError:
        raise InputError(
            "the official weights come from the Hugging Face hub: pip install huggingface_hub, or "
            "give the file with --weights"
        ) from None
    return huggingface_hub
