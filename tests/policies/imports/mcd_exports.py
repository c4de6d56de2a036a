"""Small exports of the Medicare Coverage Database: invented rows under the official headers."""

import csv
import io
import zipfile
from pathlib import Path

from policies.imports.mcd import read_mcd
from policies.imports.records import PolicyRecord, ReadPolicies

# As CMS writes them (data dictionaries of the LCD, article and NCD downloads, 2025).
HEADERS = {
    "lcd": (
        "lcd_id,lcd_version,title,determination_number,orig_det_eff_date,ent_det_end_date,rev_eff_date,rev_end_date,"
        "indication,diagnoses_support,icd9_dont_support_para,icd9_dont_support_ast,diagnoses_dont_support,"
        "coding_guidelines,doc_reqs,appendices,util_guide,source_info,adv_meeting,comment_start_dt,comment_end_dt,"
        "notice_start_dt,rev_hist_num,history_exp,last_reviewed_on,status,last_updated,cms_cov_policy,display_id,"
        "draft_contact,revenue_para,thirty_percent,keywords,associated_info,notice_end_dt,date_retired,"
        "draft_released_date,source_lcd_id,add_icd10_info,icd10_doc,synopsis_changes,bibliography,"
        "summary_of_evidence,analysis_of_evidence,mcd_publish_date,issue,issue_change,mac_initiated"
    ),
    "article": (
        "article_id,article_version,article_type,title,article_pub_date,article_eff_date,article_end_date,description,"
        "other_comments,sad_url,status,last_updated,history_exp,key_article,icd9_covered_para,icd9_noncovered_para,"
        "revenue_para,thirty_percent,article_rev_end_date,source_article_id,date_retired,keywords,icd10_doc,"
        "add_icd10_info,cms_cov_policy,display_id,reference_article"
    ),
    "lcd_x_hcpc_code": (
        "lcd_id,lcd_version,hcpc_code_id,hcpc_code_version,hcpc_code_group,range,last_updated,long_description,"
        "short_description"
    ),
    "article_x_hcpc_code": (
        "article_id,article_version,hcpc_code_id,hcpc_code_version,hcpc_code_group,range,last_updated,"
        "long_description,short_description"
    ),
    "article_x_code_table": (
        "article_id,article_version,article_type,code_table_row,brand_name,eff_date,end_date,comments,hcpc_code_id,"
        "hcpc_code_version,last_updated,short_description,long_description"
    ),
    "article_x_icd10_covered": (
        "article_id,article_version,icd10_code_id,icd10_code_version,icd10_covered_group,range,last_updated,"
        "sort_order,description,asterisk"
    ),
    "article_x_icd10_noncovered": (
        "article_id,article_version,icd10_code_id,icd10_code_version,icd10_noncovered_group,range,last_updated,"
        "sort_order,description"
    ),
    "lcd_x_contractor": "lcd_id,lcd_version,contractor_id,contractor_type_id,contractor_version,last_updated",
    "article_x_contractor": (
        "article_id,article_version,article_type,contractor_id,contractor_type_id,contractor_version,last_updated"
    ),
    "contractor": (
        "contractor_id,contractor_type_id,contractor_version,contractor_bus_name,contractor_number,dmerc_rgn,address1,"
        "address2,address3,city,state_id,zipcode,phone,fax,status,last_updated,url,email,ignore,status_flag,cmd_name,"
        "cmd_title,contractor_subtype_id"
    ),
    "contractor_jurisdiction": (
        "contractor_id,contractor_type_id,contractor_version,state_id,last_updated,active_date,term_date"
    ),
    "contractor_type_lookup": "contractor_type_id,description",
    "state_lookup": "state_id,state_abbrev,description",
    "lcd_related_documents": (
        "lcd_id,lcd_version,related_num,r_article_id,r_article_version,r_lcd_id,r_lcd_version,r_contractor_id,"
        "last_updated"
    ),
    "article_related_documents": (
        "article_id,article_version,related_num,r_article_id,r_article_version,r_lcd_id,r_lcd_version,"
        "r_contractor_id,last_updated"
    ),
    "lcd_related_ncd_documents": "lcd_id,lcd_version,related_num,r_ncd_id,r_ncd_version,last_updated",
    "article_related_ncd_documents": "article_id,article_version,related_num,r_ncd_id,r_ncd_version,last_updated",
    "ncd_trkg": (
        "NCD_id,NCD_vrsn_num,natl_cvrg_type,cvrg_lvl_cd,NCD_mnl_sect,NCD_mnl_sect_title,NCD_efctv_dt,NCD_impltn_dt,"
        "NCD_trmntn_dt,itm_srvc_desc,indctn_lmtn,xref_txt,othr_txt,trnsmtl_num,trnsmtl_issnc_dt,trnsmtl_url,"
        "chg_rqst_num,pblctn_cd,rev_hstry,under_rvw,creatd_tmstmp,last_updt_tmstmp,last_clrnc_tmstmp,NCD_lab,"
        "ncd_keyword,NCD_AMA"
    ),
    "documents_latest": (
        "contractor_name_type,document_display_id,document_id,document_type,document_version,effective_date,note,"
        "retirement_date,title,updated_on,updated_on_sort,url"
    ),
}


def lcd(number, version=1, title="Chairs", status="A", **cells):
    return {"lcd_id": number, "lcd_version": version, "title": title, "status": status, **cells}


def article(number, version=1, title="Billing", status="A", **cells):
    return {"article_id": number, "article_version": version, "title": title, "status": status, **cells}


def contractor(number, kind=12, name="Invented Health, Inc.", contract="77101", **cells):
    row = {"contractor_id": number, "contractor_type_id": kind, "contractor_version": 1, "contractor_bus_name": name}
    return {**row, "contractor_number": contract, "status": "A", **cells}


def listed(display, version=1, title="Chairs", effective="05/16/2023", sort="20250809104056", **cells):
    row = {"document_display_id": display, "document_id": display[1:], "document_version": version, "title": title}
    row |= {"document_type": "LCD" if "L" in display else "Article", "retirement_date": "N/A", "updated_on_sort": sort}
    return {**row, "effective_date": effective, "updated_on": "08/09/2025", **cells}


def table(name: str, rows: list[dict], encoding: str = "cp1252") -> bytes:
    """The file of a table, with its official header; a cell that no row gives is empty."""
    stream = io.StringIO()
    header = HEADERS["documents_latest" if name.startswith("documents_latest") else name].split(",")
    writer = csv.DictWriter(stream, header, restval="", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode(encoding)


def export(folder: Path, **tables: list[dict] | bytes) -> Path:
    """A folder with these tables: rows, or the bytes of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_bytes(rows if isinstance(rows, bytes) else table(name, rows))
    return folder


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def read(folder: Path, **tables: list[dict] | bytes) -> ReadPolicies:
    return read_mcd(export(folder, **tables))


def policy(read: ReadPolicies, number: str) -> PolicyRecord:
    (found,) = [record for record in read.policies if record.number == number]
    return found


def numbers(read: ReadPolicies) -> list[str]:
    return [record.number for record in read.policies]


def problems(read: ReadPolicies) -> list[str]:
    return [str(line) for line in read.report.problems]


def notes(read: ReadPolicies) -> str:
    return "\n".join(map(str, read.report.notes))
