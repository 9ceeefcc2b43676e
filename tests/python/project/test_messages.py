from experimentos.project.messages import readable, unique

OURS = """\
Encountered an error while running operation: Compilation Error in macro check (macros/check.sql)
  experimentos: 2 problem(s) in your definitions
    - a
    - b

  > in macro check (macros/check.sql)
  > called by macro check (macros/check.sql)"""


def test_our_own_message_stands_alone():
    assert readable(OURS) == "experimentos: 2 problem(s) in your definitions\n  - a\n  - b"


def test_the_same_message_of_several_models_is_shown_once():
    model = OURS.split("operation: ")[1].replace("macro check", "model units")
    assert unique([OURS, model, ""]) == [readable(OURS)]


def test_a_database_error_keeps_its_place():
    text = "Runtime Error in model m (models/m.sql)\n  Binder Error: no column \x1b[31mx\x1b[0m"
    assert readable(text) == (
        "Runtime Error in model m (models/m.sql)\n  Binder Error: no column x"
    )


def test_of_a_traceback_only_the_exception_is_left():
    text = (
        "Runtime Error in model m (models/m.py)\n"
        "  Python model failed:\n"
        "  Traceback (most recent call last):\n"
        '    File "x.py", line 1, in model\n'
        "      raise TableError(msg)\n"
        "  experimentos.errors.TableError: column `n` is missing\n"
        "  there are: a, b"
    )
    assert readable(text) == (
        "Runtime Error in model m (models/m.py)\n"
        "  Python model failed:\n"
        "  column `n` is missing\n"
        "  there are: a, b"
    )


def test_a_locked_file_is_explained():
    text = 'IO Error: Could not set lock on file "a.duckdb": Conflicting lock is held in python'
    assert "close it, or wait" in readable(text)


def test_a_key_that_dbt_cannot_keep_points_to_the_check():
    text = readable("keys must be str, int, float, bool or None, not date")
    assert "`experimentos check` names it" in text
    assert "keys must be" not in text
