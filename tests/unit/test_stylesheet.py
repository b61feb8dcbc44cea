"""The one stylesheet: a rule stays when a page can use it, and nothing else of it changes."""

from svd_lib.build.stylesheet import blocks, subset, used_in

USED = used_in(['<main id="top"><p class="lead big">x</p></main>'], ["part.classList.add('active'); document.querySelector('.made');"])


def test_rules_of_absent_names_go_and_others_stay():
    assert subset(".lead{a:b}.other{a:b}#top{c:d}table{e:f}", USED) == ".lead{a:b}\n#top{c:d}"


def test_names_in_scripts_count():
    assert subset(".active{a:b}.made{a:b}.classList{a:b}", USED) == ".active{a:b}\n.made{a:b}"


def test_of_a_list_only_what_can_match_stays():
    assert subset("p.lead, p.other, p:not(.other){a:b}", USED) == "p.lead,p:not(.other){a:b}"


def test_media_rules_are_cut_inside():
    assert subset("@media print{.lead{a:b}.other{a:b}}@media screen{.other{a:b}}", USED) == "@media print{.lead{a:b}}"


def test_braces_and_semicolons_in_strings_do_not_end_a_block():
    css = '.lead{--a:url("data:x;{}");background:var(--a)}.big{c:d}'
    assert [name for name, _ in blocks(css)] == [".lead", ".big"]
    assert subset(css, USED).replace("\n", "") == css


def test_custom_properties_that_nothing_uses_go():
    assert subset('p{--a:1;--b:url("x;}");c:var(--a)}', USED) == "p{--a:1;c:var(--a)}"
