# Many areas beyond one process: one job an area, over the same command line and the same shared tidy tables as `sna build --areas`.
#
#     snakemake --cores 2 --config areas=areas.txt mirror=DIR_OR_URL      # with -n: only says what would run
#
# areas.txt holds one area or edition a line (`force:Norfolk`, `suffolk-2025`); without a mirror, editions with embedded figures.
# What is stale inside an edition is for `sna` to know: ask it again with --forceall. More in docs/how-to/many.md.
import re
from pathlib import Path

SNA = config.get("sna", ".venv/bin/sna")
MIRROR = f"--mirror '{config['mirror']}'" if config.get("mirror") else ""
LINES = [line.strip() for line in Path(config["areas"]).read_text(encoding="utf-8").splitlines()]
AREAS = {re.sub(r"\W+", "-", line): line for line in LINES if line and not line.startswith("#")}

rule index:
    input: expand("_build/snakemake/{job}.done", job=AREAS)
    output: touch("_build/snakemake/index.done")
    shell: "{SNA} index"

rule area:
    output: touch("_build/snakemake/{job}.done")
    log: "_build/snakemake/{job}.log"
    params: area=lambda wildcards: AREAS[wildcards.job]
    threads: 1
    resources: mem_mb=1500
    shell: "{SNA} build --areas \"{params.area}\" --jobs 1 {MIRROR} > {log} 2>&1"
