"""A fan that an event names by id only keeps the name we know."""

from huntaze_backend.engines.gateways.adapters import vendor_json


def test_an_event_that_gives_only_an_id_names_nobody():
    assert vendor_json.fan({"id": "31000002"}).name == ""


def test_a_name_is_taken_before_a_username():
    assert vendor_json.fan({"id": "1", "name": "Ximena Montoya", "username": "xim"}).name == "Ximena Montoya"
    assert vendor_json.fan({"id": "1", "username": "xim"}).name == "xim"
