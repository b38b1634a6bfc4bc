"""Signing in: first passwords, forgotten ones, wrong guesses, odd names."""

from __future__ import annotations

import re
import threading
import time

import pytest
import requests

from tests.instance import OWN_PASSWORD, Instance, Person, text_of

KNOWN = "campushub-known-browser"


def guess(instance: Instance, name: str, password: str) -> requests.Response:
    return Person(instance, name).sign_in(password)


def test_first_password_has_to_be_changed_before_anything_else(instance: Instance) -> None:
    roster = instance.data / "fresh.csv"
    roster.write_text("name,full_name\nfresh.one,Fresh One\n", encoding="utf-8")
    instance.command("roster", "import", "second", str(roster))
    person = Person(instance, "fresh.one")
    assert person.sign_in(instance.first_password("fresh.one")).url.endswith("/courses/password")
    assert person.get("/courses/").url.endswith("/courses/password")
    refused = person.get("/hub/spawn/fresh.one/second")
    assert "Set a password of your own first" in text_of(refused.text)
    for new in ("short", instance.first_password("fresh.one"), "x" * 1001):
        answer = person.post("/courses/password", "/courses/password", {"new": new, "again": new})
        assert answer.status_code == 422, new[:20]
    long = "a very long password, longer than the 72 bytes that bcrypt reads, with ümläuts " * 3
    assert person.post("/courses/password", "/courses/password", {"new": long, "again": long}).url.endswith("/courses/")
    assert guess(instance, "fresh.one", long).url.endswith("/courses/")
    assert "/hub/login" in guess(instance, "fresh.one", long[:72]).url


def test_instructor_gives_a_new_first_password_to_students_only(instance: Instance) -> None:
    teacher, student = instance.person("teacher"), "student2"
    answer = teacher.post("/courses/demo/new-password", "/courses/demo/", {"name": student})
    password = re.search(r'<code class="large">([^<]+)</code>', answer.text)
    assert password, text_of(answer.text)
    instance.people.pop(student, None)
    person = Person(instance, student)
    assert "/hub/login" in guess(instance, student, OWN_PASSWORD).url
    assert person.sign_in(password[1]).url.endswith("/courses/password")
    new = {"new": OWN_PASSWORD, "again": OWN_PASSWORD}
    assert person.post("/courses/password", "/courses/password", new).url.endswith("/courses/")
    for name in ("teacher", "outsider", "root-of-all"):
        assert teacher.post("/courses/demo/new-password", "/courses/demo/", {"name": name}).status_code in (403, 404)


def test_student_cannot_give_passwords(student: Person) -> None:
    token = re.search(r'name="_xsrf" value="([^"]+)"', student.get("/courses/password").text)
    assert token
    data = {"name": "student2", "_xsrf": token[1]}
    answer = student.http.post(f"{student.instance.url}/courses/demo/new-password", data=data, timeout=30)
    assert answer.status_code == 403


def test_form_without_its_token_is_refused(instance: Instance) -> None:
    teacher = instance.person("teacher")
    answer = teacher.http.post(f"{instance.url}/courses/demo/grade", data={"assignment": "first-steps"}, timeout=30)
    assert answer.status_code == 403


def test_wrong_guesses_are_slowed_and_lock_nobody_out(instance: Instance) -> None:
    instance.person("outsider")
    assert guess(instance, "outsider", OWN_PASSWORD).url.endswith("/courses/")  # forgets what was guessed before
    took = []
    for _ in range(7):
        began = time.monotonic()
        assert "/hub/login" in guess(instance, "outsider", "wrong").url
        took.append(time.monotonic() - began)
    assert took[-1] > min(took[:3]) + 1, took  # the first three do not wait
    assert guess(instance, "outsider", OWN_PASSWORD).url.endswith("/courses/")


def test_stranger_at_the_same_address_cannot_hold_up_a_person_in_their_own_browser(instance: Instance) -> None:
    instance.person("outsider")
    own = Person(instance, "outsider")
    assert own.sign_in(OWN_PASSWORD).url.endswith("/courses/")
    for cookie in [cookie for cookie in own.http.cookies if cookie.name != KNOWN]:
        own.http.cookies.clear(cookie.domain, cookie.path, cookie.name)
    for _ in range(3):
        guess(instance, "outsider", "wrong")  # so that each of the following waits longer, 15 seconds together
    stranger = [threading.Thread(target=guess, args=(instance, "outsider", "wrong")) for _ in range(20)]
    for thread in stranger:
        thread.start()
    time.sleep(1)
    answer = own.sign_in(OWN_PASSWORD)
    held_up = sum(thread.is_alive() for thread in stranger)
    for thread in stranger:
        thread.join()
    assert answer.url.endswith("/courses/")
    assert held_up, "the stranger's guesses do not wait, so this shows nothing"


def test_unknown_name_is_answered_as_a_known_one(instance: Instance) -> None:
    known, unknown = guess(instance, "ta", "wrong"), guess(instance, "nobody-here", "wrong")
    assert text_of(known.text) == text_of(unknown.text)
    instance.person("ta")


def test_hub_answers_while_many_sign_in(instance: Instance) -> None:
    """Twenty at once: argon2 takes its time in the service's threads, and the hub is asked meanwhile."""
    threads = [threading.Thread(target=guess, args=(instance, f"nobody-{n}", "wrong")) for n in range(20)]
    first, slowest = time.monotonic(), 0.0
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        requests.get(f"{instance.door}/hub/health", timeout=30)
        slowest = max(slowest, time.monotonic() - began)
    took = time.monotonic() - first
    assert slowest < max(2, took / 2), f"the hub did not answer for {slowest:.1f} of {took:.1f} s"


@pytest.mark.parametrize("name", ["odd.name_x-y@uni.example", "0", "a--b"])
def test_odd_but_allowed_names_get_a_home_of_their_own(instance: Instance, name: str) -> None:
    roster = instance.data / "odd-names.csv"
    roster.write_text(f"name,full_name\n{name},Ødd <b>Näme</b>\n", encoding="utf-8")
    instance.command("roster", "import", "second", str(roster))
    person = instance.person(name)
    assert "<b>Näme" not in person.get("/courses/").text
    person.start("second")
    person.inside("second", "open('/home/jovyan/mine', 'w').write('x')")
    assert len(list((instance.data / "homes").glob("*/mine"))) >= 1
    instance.docker.containers.get(instance.container_of(name, "second")).remove(force=True)
