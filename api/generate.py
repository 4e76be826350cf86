#!/usr/bin/env python3
"""Turns the API models (JSON) into C tables.

usage: generate.py params|header|source|members MODEL:FACE... > FILE

params  params.gen.h   one struct of typed parameters an action
header  actions.gen.h  enum of all actions; MODEL_<Action>, the part of an action's row that the model knows
source  actions.gen.c  parameter rows, reply members and the types they use
members file_members.gen.h  names of the members of File, for an array of strings

FACE is the listener that knows the actions of the model: IMM or ADMIN. What is built, and which resource a policy
must allow, is not the model's business: src/api/actions.def has a row for every action, or nothing compiles.
"""
import json
import re
import sys

PREFIX = {"IMM": "imm", "ADMIN": "bindery"}
SCALARS = {
    # model type: (kind of a value, kind of a parameter, its C type in the params struct)
    "string": ("MODEL_STRING", "s", "const char *"),
    "int32": ("MODEL_INT32", "i", "struct opt_int "),
    "int64": ("MODEL_INT64", "i", "struct opt_int "),
    "float": ("MODEL_NUMBER", "f", "struct opt_number "),
    "double": ("MODEL_NUMBER", "f", "struct opt_number "),
    "bool": ("MODEL_BOOLEAN", "b", "struct opt_bool "),
    "any": ("MODEL_ANY", "j", "json_t *"),
}
C_WORDS = {"default", "long", "short", "register", "static", "auto", "int", "float", "double", "char", "case", "switch"}


class ModelError(Exception):
    pass


def snake(name):
    """ProjectName -> project_name, OSSBucket -> oss_bucket, URIs -> uris, WithoutTotalHits -> without_total_hits."""
    name = name.replace("URIs", "Uris").replace("-", "_").replace(".", "_")
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    return name + "_" if name in C_WORDS else name


class Api:
    """All models together. Types of different models share one name space; equal names must mean the same."""

    def __init__(self, sources):
        self.actions, self.types = {}, {}
        for source in sources:
            path, face = source.rsplit(":", 1)
            with open(path, encoding="utf-8") as f:
                model = json.load(f)
            for name, action in model["actions"].items():
                if name in self.actions:
                    raise ModelError(f"{path}: action {name} is in two models")
                self.actions[name] = dict(action, face=face)
            for name, members in model["models"].items():
                if self.types.setdefault(name, members) != members:
                    raise ModelError(f"{path}: type {name} is in two models and differs")

    def split(self, type_):
        """A type of the model as (element, is_array, is_map)."""
        if isinstance(type_, list):
            return type_[0], True, False
        if isinstance(type_, dict):
            return type_["map"], False, True
        return type_, False, False

    def value(self, type_):
        """A C initializer of struct model_value."""
        element, is_array, is_map = self.split(type_)
        if element in SCALARS:
            kind, object_ = SCALARS[element][0], "NULL"
        elif element in self.types:
            kind, object_ = "MODEL_OBJECT", f"&type_{element}"
        else:
            raise ModelError(f"unknown type {type_!r}")
        return f"{{ {kind}, {str(is_array).lower()}, {str(is_map).lower()}, {object_} }}"

    def param(self, param):
        """(kind, C type) of a parameter."""
        type_ = param["type"]
        if param.get("encoding") == "json" or not isinstance(type_, str) or type_ not in SCALARS:
            return "j", "json_t *"
        return SCALARS[type_][1:]

    def used_types(self):
        """Names of the types that parameters and replies reach, in order."""
        todo = [m["type"] for a in self.actions.values() for m in a["params"] + a["response"]]
        seen = set()
        while todo:
            element = self.split(todo.pop())[0]
            if element in self.types and element not in seen:
                seen.add(element)
                todo += [m["type"] for m in self.types[element]]
        return sorted(seen)


def members(api, name, rows):
    """An array of struct model_member; nothing if there are no rows."""
    if not rows:
        return []
    lines = [f"static const struct model_member {name}[] = {{"]
    for m in rows:
        required = str(bool(m.get("required"))).lower()
        lines.append(f'    {{ "{m["name"]}", {api.value(m["type"])}, {required} }},')
    return lines + ["};"]


def out_params(api):
    yield "#pragma once\n\n#include \"api/call.h\"\n"
    for name, action in api.actions.items():
        yield f"struct {snake(name)}_params {{"
        for p in action["params"]:
            yield f"    {api.param(p)[1]}{snake(p['name'])};"
        if not action["params"]:
            yield "    char none;"
        yield "};\n"


def out_header(api):
    yield "#pragma once\n\n#include \"api/params.gen.h\"\n\nenum {"
    for name in api.actions:
        yield f"    ACTION_{name},"
    yield "    ACTION_COUNT\n};\n"
    for name, action in api.actions.items():
        c, n = snake(name), len(action["params"])
        if n:
            yield f"extern const struct action_param {c}_rows[{n}];"
        yield f"extern const struct model_type reply_{name};"
        yield (f"#define MODEL_{name} .name = \"{name}\", .face = CALL_{action['face']}, "
               f".params = {c + '_rows' if n else 'NULL'}, .n_params = {n}, "
               f".params_size = sizeof (struct {c}_params), .policy_action = \"{PREFIX[action['face']]}:{name}\", "
               f".reply = &reply_{name}\n")


def reply_members(action):
    """The gate adds RequestId to every answer; a handler's reply has the rest."""
    return [m for m in action["response"] if m["name"] != "RequestId"]


def out_source(api):
    yield "#include \"api/actions.gen.h\"\n"
    used = api.used_types()
    for name in used:
        yield f"static const struct model_type type_{name};"
    for name in used:
        rows = api.types[name]
        yield from members(api, f"members_{name}", rows)
        first = f"members_{name}" if rows else "NULL"
        yield f"static const struct model_type type_{name} = {{ \"{name}\", {first}, {len(rows)} }};\n"
    for name, action in api.actions.items():
        c, rows = snake(name), reply_members(action)
        yield from members(api, f"reply_members_{name}", rows)
        first = f"reply_members_{name}" if rows else "NULL"
        yield f"const struct model_type reply_{name} = {{ \"{name}Response\", {first}, {len(rows)} }};"
        if action["params"]:
            yield f"const struct action_param {c}_rows[{len(action['params'])}] = {{"
            for p in action["params"]:
                yield (f"    {{ \"{p['name']}\", '{api.param(p)[0]}', {str(bool(p.get('required'))).lower()}, "
                       f"offsetof (struct {c}_params, {snake(p['name'])}), {api.value(p['type'])} }},")
            yield "};"
        yield ""


def out_members(api):
    for member in api.types["File"]:
        yield f'"{member["name"]}",'


def main():
    modes = {"params": out_params, "header": out_header, "source": out_source, "members": out_members}
    if len(sys.argv) < 3 or sys.argv[1] not in modes:
        sys.exit(__doc__)
    try:
        api = Api(sys.argv[2:])
        print("/* Made by api/generate.py from the API models. */")
        for line in modes[sys.argv[1]](api):
            print(line)
    except (OSError, ValueError, KeyError, ModelError) as error:
        sys.exit(f"generate.py: {error}")


if __name__ == "__main__":
    main()
