"""Ways to hold a duty at the bank, and names that are awkward to show."""

from __future__ import annotations

#: What people find in display names when they look for long enough.
HOSTILE = {
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+47123456",
    "minus": "-2+3",
    "at": "@SUM(A1:A9)",
    "array": "{=1+1}",
    "tab": "\t=1+1",
    "cr": "\r=1+1",
    "quote": "'=1+1",
    "link": "https://example.invalid/?a=1&b=2",
    "script": "</script><img src=x onerror=alert(1)>",
    "comment": "--><svg onload=alert(1)>",
    "template": "{{ 7*7 }}{% raw %}",
    "entity": "R&D &P &[Page] &amp; <b>bold</b>",
    "bidi": "Eve \u202egnp.exe\u202c \u2066x\u2069",
    "control": "Zo\u00eb\x07 Bell\x00\x1b[31m",
    "newline": "Line\r\nbreak\rand\nmore",
    "escape": "_x0041_ literal",
    "csv": 'quote " comma , semicolon ; done',
    "emoji": "\U0001f648\U0001f469\u200d\U0001f4bb Ok\u00e9",
    "noncharacter": "odd \ufffe\uffff end",
    "zeros": "007",
    "exponent": "1e5",
    "null": "NA",
    "spaces": "  padded  ",
    "long": "Long " + "n" * 40_000,
}

DIRECTORY = "OU=Application groups,OU=Technology,DC=corp,DC=harbourvale,DC=example"


def commit(login: str, record: int, repository: str) -> str:
    """A witness for committing through a GitHub team."""
    return (
        f"-holds hr:{record}> a github-hv:{login} | {login}\n"
        f"-member github-members:{record}> r github-hv:team/{repository}-devs | {repository}-devs\n"
        f"-assigned github-teams:{record + 1}> r github-hv:repo/harbourvale/{repository}#write"
        f" | harbourvale/{repository} (write)\n"
        f"-contains github-teams:{record + 1}> e github-hv:push@harbourvale/{repository}"
        f" | push harbourvale/{repository}"
    )


def deploy(login: str, record: int, namespace: str, *, levels: int = 1) -> str:
    """A witness for deploying through nested directory groups and a cluster binding."""
    steps = [f"-holds hr:{record}> a ldap-hv:uid={login},ou=people | uid={login}"]
    for level in range(levels):
        group = f"cn={namespace}-{'release-' * level}deployers,{DIRECTORY}"
        steps.append(
            f"-member ldap:{record * 7 + level}> r ldap-hv:{group} | {group.partition(',')[0]}"
        )
    group = f"oidc:{namespace}-deployers"
    role, right = f"k8s-prod:role/{namespace}/deployer", f"patch deployments.apps {namespace}"
    steps += [
        f"-federated k8s-prod:{record}> r k8s-prod:group/{group} | {group}",
        f"-assigned k8s-prod:{record}> r {role} | {namespace}/deployer",
        f"-contains k8s-prod:{record}> e k8s-prod:{right.replace(' ', '@')} | {right}",
    ]
    return "\n".join(steps)
