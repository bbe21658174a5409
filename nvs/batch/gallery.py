"""index.html: all photos with their clips, to be opened from disk."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from nvs.batch.manifest import Manifest, Record
from nvs.batch.worker import THUMBNAIL
from nvs.files import atomic_write

PHOTOS_A_PAGE = 300
CLIPS = {".mp4"}
PICTURES = {".png", ".jpg", ".gif", ".webp"}

_STYLE = """
body { margin: 2rem auto; max-width: 1500px; padding: 0 1rem; background: #14161a;
       color: #d8dbe0; font: 14px/1.5 system-ui, sans-serif }
h1 { font-size: 1.3rem; font-weight: 600; margin: 0 } p { margin: .2rem 0 1.2rem }
a { color: #9cc4ff; text-decoration: none } a:hover { text-decoration: underline }
main { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)) }
figure { margin: 0; background: #1d2026; border-radius: 6px; overflow: hidden }
.seen { position: relative; aspect-ratio: 3 / 2; background: #0c0d10 }
.seen img, .seen video { position: absolute; inset: 0; width: 100%; height: 100%;
                         object-fit: contain }
figcaption { padding: .6rem .8rem; overflow-wrap: anywhere }
.links a { margin-right: .8em } .failed { color: #ff9d8a }
"""
# A clip plays while the pointer is on it, so that three hundred of them do not.
_SCRIPT = """
for (const clip of document.querySelectorAll("video")) {
  clip.addEventListener("pointerenter", () => clip.play());
  clip.addEventListener("pointerleave", () => { clip.pause(); clip.currentTime = 0; });
}
"""


def write_gallery(output: Path, photos: Sequence[str], manifest: Manifest) -> Path:
    """Write index.html, and further pages where there are many photos; returns the first.

    Args:
        photos: names, in the order in which they are shown; those without a record are left out.

    Raises:
        InputError: a page cannot be written.
    """
    known = [name for name in photos if name in manifest]
    pages = max(1, -(-len(known) // PHOTOS_A_PAGE))
    for page in range(pages):
        shown = known[page * PHOTOS_A_PAGE :][:PHOTOS_A_PAGE]
        records = [record for name in shown if (record := manifest.find(name)) is not None]
        with atomic_write(output / _file(page)) as unfinished:
            text = "\n".join(_page(records, page, pages, len(known)))
            unfinished.write_text(text, encoding="utf-8")
    return output / _file(0)


def _file(page: int) -> str:
    return "index.html" if page == 0 else f"index-{page + 1}.html"


def _page(records: Sequence[Record], page: int, pages: int, photos: int) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<title>{photos:,} photos</title>\n<style>{_STYLE}</style>"
    yield f"<h1>{photos:,} photos</h1>\n<p>{' '.join(_pages(page, pages))}</p>\n<main>"
    for record in records:
        yield from _figure(record)
    yield f"</main>\n<script>{_SCRIPT}</script>\n</html>"


def _pages(page: int, pages: int) -> Iterator[str]:
    if pages == 1:
        return
    others = {"first": 0, "previous": page - 1, "next": page + 1, "last": pages - 1}
    for word, other in others.items():
        if 0 <= other < pages and other != page:
            yield f'<a href="{_file(other)}">{word}</a>'
    yield f"page {page + 1} of {pages:,}"


def _figure(record: Record) -> Iterator[str]:
    files = [name for made in record.made.values() for name in made.outputs]
    thumbnail = _address(record, THUMBNAIL)
    yield '<figure>\n<div class="seen">'
    clips = [name for name in files if Path(name).suffix.lower() in CLIPS]
    pictures = [name for name in files if Path(name).suffix.lower() in PICTURES]
    if clips:
        yield f'<video src="{_address(record, clips[0])}" poster="{thumbnail}"'
        yield ' preload="none" muted loop playsinline></video>'
    elif files:
        image = _address(record, pictures[0]) if pictures else thumbnail
        yield f'<img src="{image}" loading="lazy" alt="">'
    yield f"</div>\n<figcaption>{html.escape(record.photo)}"
    if files:
        links = [f'<a href="{_address(record, name)}">{html.escape(name)}</a>' for name in files]
        yield f'<div class="links">{" ".join(links)}</div>'
    for make, why in record.failed.items():
        yield f'<div class="failed">{html.escape(make)}: {html.escape(why)}</div>'
    yield "</figcaption>\n</figure>"


def _address(record: Record, file: str) -> str:
    return html.escape(quote(f"{record.photo}/{file}"))
