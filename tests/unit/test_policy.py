"""The content security policy: what it says, and that every inline script is named by its hash."""

import base64
import hashlib

from svd_lib.build.policy import inline_hashes, policy_of, with_policy

PAGE = '<html><head><meta charset="utf-8" /><script>let a = 1;</script><script src="x.js"></script></head></html>'


def hashed(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def test_an_inline_script_is_named_by_its_hash_and_a_linked_one_is_not():
    assert inline_hashes(PAGE) == ([hashed("let a = 1;")], [])


def test_data_blocks_are_not_scripts():
    assert inline_hashes('<script type="application/ld+json">{}</script>') == ([], [])


def test_the_policy_allows_the_site_alone():
    policy = policy_of(PAGE)
    assert policy.startswith("default-src 'self'; ")
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy


def test_only_the_search_page_may_compile():
    assert "'wasm-unsafe-eval'" in policy_of(PAGE, is_search=True)
    assert "'unsafe-eval'" not in policy_of(PAGE, is_search=True)


def test_the_policy_stands_before_the_first_script():
    page = with_policy(PAGE)
    assert page.index("Content-Security-Policy") < page.index("<script")
