#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manifests of packaging/kubernetes: each fits the schema beside this file, and they fit each other. Mistakes planted in them must
be found, so that a schema which takes everything fails too."""
import copy
import json
import pathlib
import sys

import jsonschema
import yaml

here = pathlib.Path(__file__).resolve().parent
folder = here.parent.parent / "packaging/kubernetes"


def load():
    documents = {}
    for path in sorted(folder.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            documents[document["kind"], document["metadata"]["name"]] = document
    return documents


def schema_errors(documents, validator):
    for (kind, name), document in documents.items():
        definition = kind[0].lower() + kind[1:]
        if definition not in validator.schema["definitions"]:
            yield f"{kind} {name}: the schema has no such kind"
            continue
        single = validator.evolve(schema={**validator.schema["definitions"][definition], "definitions": validator.schema["definitions"]})
        for error in single.iter_errors(document):
            yield f"{kind} {name}: {'/'.join(map(str, error.absolute_path))}: {error.message}"


def disagreements(documents):
    """What no schema of one document sees."""
    deploy = documents["DaemonSet", "kata-deploy"]
    spec = deploy["spec"]["template"]["spec"]
    runtime = documents["RuntimeClass", "kata"]
    script = (folder / "kata-deploy").read_text()
    labels = deploy["spec"]["template"]["metadata"]["labels"]
    if not deploy["spec"]["selector"]["matchLabels"].items() <= labels.items():
        yield "DaemonSet: the selector does not match its own pods"
    account = documents.get(("ServiceAccount", spec.get("serviceAccountName", "")))
    if account is None or account["metadata"]["namespace"] != deploy["metadata"]["namespace"]:
        yield "DaemonSet: its service account is in no manifest"
    binding = documents["ClusterRoleBinding", "kata-deploy"]
    if ("ClusterRole", binding["roleRef"]["name"]) not in documents:
        yield "ClusterRoleBinding: its role is in no manifest"
    for subject in binding["subjects"]:
        known = documents.get((subject["kind"], subject["name"]))
        if known is None or known["metadata"]["namespace"] != subject["namespace"]:
            yield "ClusterRoleBinding: its subject is in no manifest"
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"DaemonSet: volume {mount['name']} is not declared"
    if f"containerd.runtimes.{runtime['handler']}]" not in script:
        yield "RuntimeClass: kata-deploy writes no such handler"
    for label in runtime["scheduling"]["nodeSelector"]:
        if f"label={label}\n" not in script:
            yield "RuntimeClass: kata-deploy sets no such label"
    pod = documents["Pod", "hello-kata"]
    if ("RuntimeClass", pod["spec"].get("runtimeClassName")) not in documents:
        yield "Pod: its runtime class is in no manifest"


PLANTED = [
    (("RuntimeClass", "kata"), "handler", "Kata"),
    (("RuntimeClass", "kata"), "handler", "other"),
    (("RuntimeClass", "kata"), "apiVersion", "node.k8s.io/v1beta1"),
    (("RuntimeClass", "kata"), "overhead/podFixed/memory", "160M B"),
    (("RuntimeClass", "kata"), "scheduling/nodeSelector", {"other": "true"}),
    (("RuntimeClass", "kata"), "spec", {}),
    (("ServiceAccount", "kata-deploy"), "metadata/namespace", "default"),
    (("ClusterRole", "kata-deploy"), "rules/0/verbs", ["all"]),
    (("ClusterRoleBinding", "kata-deploy"), "roleRef/name", "admin"),
    (("ClusterRoleBinding", "kata-deploy"), "subjects/0/name", "nobody"),
    (("DaemonSet", "kata-deploy"), "spec/selector/matchLabels", {"app": "other"}),
    (("DaemonSet", "kata-deploy"), "spec/template/spec/hostPid", True),
    (("DaemonSet", "kata-deploy"), "spec/template/spec/nodeSelector", {"katacontainers.io/deploy": True}),
    (("DaemonSet", "kata-deploy"), "spec/template/spec/serviceAccountName", "nobody"),
    (("DaemonSet", "kata-deploy"), "spec/template/spec/volumes/0/name", "other"),
    (("DaemonSet", "kata-deploy"), "spec/template/spec/containers/0/image", "kata-deploy"),
    (("DaemonSet", "kata-deploy"), "spec/template/spec/containers/0/env/0/valueFrom", {"fieldRef": {"fieldPath": "spec.nodeName"}}),
    (("Pod", "hello-kata"), "spec/runtimeClassName", "other"),
    (("Pod", "hello-kata"), "spec/containers", []),
    (("Pod", "hello-kata"), "kind", "Pods"),
]


def planted(documents, key, path, value):
    changed = copy.deepcopy(documents)
    *parents, last = path.split("/")
    at = changed[key]
    for step in parents:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[last] = value
    return changed


def main():
    validator = jsonschema.Draft7Validator(json.loads((here / "manifests.schema.json").read_text()))
    validator.check_schema(validator.schema)
    documents = load()
    failures = [*schema_errors(documents, validator), *disagreements(documents)]
    for key, path, value in PLANTED:
        changed = planted(documents, key, path, value)
        if not any(schema_errors(changed, validator)) and not any(disagreements(changed)):
            failures.append(f"{key[0]} {key[1]}: {path} = {value!r} was not found to be a mistake")
    print(f"{len(documents)} documents, {len(PLANTED)} planted mistakes")
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


sys.exit(main())
