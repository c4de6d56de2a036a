from policies.imports.checks import check_record
from tests.policies.imports.mcd_exports import notes, numbers, policy, problems, read


def ncd(number, version=1, section="220.6", title="Scans", **cells):
    return {
        "NCD_id": number,
        "NCD_vrsn_num": version,
        "NCD_mnl_sect": section,
        "NCD_mnl_sect_title": title,
        **cells,
    }


def test_an_ncd_goes_by_the_section_of_the_manual(tmp_path):
    row = ncd(
        *(331, 2, "220.6.17", "Scans &amp; more"),
        NCD_efctv_dt="2013-06-11 00:00:00",
        indctn_lmtn="<p>Covered once. Not with 00000.</p>",
        last_updt_tmstmp="2025-03-04 10:00:00",
    )
    found = read(tmp_path, ncd_trkg=[ncd(331, 1, "220.6.17", "Older"), row])
    record = policy(found, "220.6.17")
    assert record.facts == {
        "title": "Scans & more",
        "effective": "2013-06-11",
        "retired": None,
        "url": "https://www.cms.gov/medicare-coverage-database/view/ncd.aspx?NCDId=331",
        "summary": "Covered once.",
        "plans": [],
    }
    assert (record.kind, record.issuer, record.codes) == ("ncd", "cms", None)
    assert check_record(record) == []


def test_sections_that_are_empty_or_used_twice_have_the_id(tmp_path):
    rows = [ncd(1, section="10.1"), ncd(2, section="20.1"), ncd(3, section="20.1"), ncd(4, section=" ")]
    assert numbers(read(tmp_path, ncd_trkg=rows)) == ["10.1", "20.1 (NCD 2)", "20.1 (NCD 3)", "NCD 4"]


def test_retired_ncds_are_known_by_their_title_or_end(tmp_path):
    rows = [
        ncd(1, section="10.1", title="Old Scans - RETIRED"),
        ncd(2, section="10.2", NCD_trmntn_dt="2015-01-01", NCD_efctv_dt="2016-01-01"),
    ]
    found = read(tmp_path, ncd_trkg=rows)
    assert policy(found, "10.1").facts["status"] == "retired"
    assert policy(found, "10.2").facts["retired"] == "2015-01-01"
    assert policy(found, "10.2").facts["effective"] is None
    assert "status" not in policy(found, "10.2").facts
    assert "NCD 10.2 ends before it takes effect" in notes(found)


def test_an_impossible_date_leaves_the_ncd_out(tmp_path):
    found = read(tmp_path, ncd_trkg=[ncd(1, section="10.1", NCD_efctv_dt="2015-13-01"), ncd(2, section="10.2")])
    assert numbers(found) == ["10.2"]
    assert "row 2: NCD 10.1: “2015-13-01” is not a date" in problems(found)[0]
    assert found.left_out == {("cms", "ncd", "10.1")}
