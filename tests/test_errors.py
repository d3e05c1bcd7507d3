import pickle

import pytest

from genapp.errors import BadValue, UnknownName, UserError


def test_message_and_remedy() -> None:
    error = BadValue("The opacity is 2.", "Choose a number from 0 to 1.")
    assert str(error) == "The opacity is 2. Choose a number from 0 to 1."
    assert (error.message, error.remedy) == ("The opacity is 2.", "Choose a number from 0 to 1.")


@pytest.mark.parametrize(
    ("name", "known", "remedy"),
    [
        ("aviatr", ["aviator", "round"], "Did you mean aviator?"),
        ("mesh", ["face/facemesh.attention", "x/y.z"], "Did you mean face/facemesh.attention?"),
        ("aviato", ["aviator", "aviator2"], "Did you mean aviator or aviator2?"),
        ("zzz", ["b", "a"], "The known names are a, b."),
        ("", ["b", "a"], "The known names are a, b."),
        ("zzz", [], "There is no frame here yet."),
    ],
)
def test_unknown_name(name: str, known: list[str], remedy: str) -> None:
    error = UnknownName("frame", name, known)
    assert error.message == f"There is no frame named {name!r}."
    assert error.remedy == remedy


def test_long_lists_of_names_are_cut() -> None:
    error = UnknownName("frame", "?", [f"{number:02}" for number in range(50)])
    assert error.remedy.endswith("10, 11, ….")


@pytest.mark.parametrize(
    "error", [BadValue("It is wrong.", "Put it right."), UnknownName("model", "a", ["ab", "cd"])]
)
def test_errors_cross_processes(error: UserError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert (again.message, again.remedy) == (error.message, error.remedy)
