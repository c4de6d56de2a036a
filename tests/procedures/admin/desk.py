"""The editors' desk as tests use it: pages, rows of lists, saved forms, and what visitors then find."""

from tests.pages import read_page


def get_page(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return read_page(response)


def rows_of(client, address):
    """The first column of a list of the admin."""
    cells = get_page(client, address).all("th")
    return [cell.text for cell in cells if "field-" in (cell.attributes.get("class") or "")]


def found(client, words):
    return [result["code"] for result in client.get("/codes/", {"q": words, "format": "json"}).json()["results"]]


def save(client, address, values):
    """Saves a form and returns the page that answers."""
    response = client.post(address, values, follow=True)
    assert response.status_code == 200
    return read_page(response)
