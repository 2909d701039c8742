"""The page of all results."""


include: "../inputs/page.smk"


rule report_page:
    input:
        unpack(page_input),
    output:
        report(
            at(plan.PAGE),
            caption=str(ROOT / "memorization/page/caption.rst"),
            category="The page",
            labels={"result": "page"},
        ),
        sums=at(plan.PAGE_CHECKSUM),
    log:
        log_of("report/index"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        source=source_of("report_page.py"),
        assets=lambda wildcards: page.assets_digest(),
        values=lambda wildcards: page_plan.values(CONFIG, LEFT_OUT),
    script:
        "../../scripts/report_page.py"
