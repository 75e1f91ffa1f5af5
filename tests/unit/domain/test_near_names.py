import time

from queryflow.domain.suggestions import did_you_mean, listed, suggest


def test_the_nearest_come_first() -> None:
    assert suggest("sale", ["rank", "snail", "sales"], most=3) == ("sales", "snail")
    assert suggest("x", ["rank", "sales"]) == ()
    assert suggest("SLAES", ["rank", "Sales"]) == ("Sales",)


def test_the_end_of_a_sentence_names_them() -> None:
    assert did_you_mean("sale", ["rank", "snail", "sales"], most=3) == "did you mean sales or snail"
    assert did_you_mean("x", ["rank"]) == ""


def test_one_mistake_at_many_places_costs_once_and_many_names_are_not_all_compared() -> None:
    names = [f"column_number_{place}" for place in range(6_000)]
    began = time.process_time()
    assert {suggest("colum_nmber_7x", names) for _ in range(200)} == {("column_number_7",)}
    assert time.process_time() - began < 1  # each time and with all of them: 9 s


def test_a_long_list_names_the_first() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(map(str, range(30))).endswith("18, 19 …")
