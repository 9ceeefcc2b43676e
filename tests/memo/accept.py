"""Write the expected sections and the schema anew; read the difference before it is committed.

Run as ``python tests/memo/accept.py`` from the root of the repository.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from memo import examples  # noqa: E402

from experimentos.memo import document  # noqa: E402
from experimentos.resources import bundle_path  # noqa: E402


def main() -> None:
    for name, text in examples.expected_texts().items():
        path = HERE / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (bundle_path("reports") / "memo.schema.json").write_text(document.schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
