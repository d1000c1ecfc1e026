"""The contract hashes of a schema, from its JSON model: docs/contract-hash.md in Python, with nothing but its library.

Reads models from standard input, each on a line of its own, and prints a line for each object: the hash, two spaces, the object's name.
"""

import hashlib
import json
import sys


def quoted(text):
    return f"{len(text.encode())}:{text}"


def by_wire_name(items):
    return sorted(items, key=lambda item: item["wire_name"].encode())


class Contracts:
    def __init__(self, model):
        self.types = model["types"]
        classes = dict.fromkeys(range(len(self.types)), 0)
        count = 0
        while True:
            texts = [self.type_line(one, classes.get) for one in self.types]
            numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
            classes = {index: numbers[text] for index, text in enumerate(texts)}
            if len(numbers) == count:
                break
            count = len(numbers)
        self.classes = classes

    def value(self, value, number):
        text = ""
        while True:
            kind = value["kind"]
            if kind == "named":
                named = self.types[value["index"]]
                if named["kind"] != "alias":
                    return f"{text}#{number(value['index'])}"
                value = named["type"]
            elif kind == "optional":
                text, value = text + "?", value["of"]
            elif kind == "list":
                text, value = text + "[]", value["of"]
            elif kind == "map":
                text, value = text + "{" + self.value(value["key"], number) + "}", value["value"]
            else:
                return text + kind

    def fields(self, fields, number):
        each = (f"{quoted(one['wire_name'])} {self.value(one['type'], number)}" for one in by_wire_name(fields))
        return "{" + ",".join(each) + "}"

    def type_line(self, one, number):
        kind = one["kind"]
        if kind == "alias":
            return ""
        if kind == "struct":
            return "struct " + self.fields(one["fields"], number)
        if kind == "enum":
            values = [member["value"] for member in one["members"]]
            if one["repr"] == "string":
                each = [quoted(value) for value in sorted(values, key=str.encode)]
            else:
                each = [str(value) for value in sorted(values)]
            return f"enum {one['repr']} {{{','.join(each)}}}"
        if kind == "union":
            arms = (
                quoted(arm["wire_name"]) + ("" if arm["type"] is None else " " + self.value(arm["type"], number))
                for arm in by_wire_name(one["arms"])
            )
            return "union {" + ",".join(arms) + "}"
        if kind == "error":
            variants = (
                f"{quoted(variant['wire_name'])} {self.fields(variant['fields'], number)}"
                for variant in by_wire_name(one["variants"])
            )
            return "error {" + ",".join(variants) + "}"
        raise ValueError(f"a type of kind {kind}, of which this program has not heard")

    def text(self, one):
        met = []  # classes, in the order of their numbers; each with a type of it

        def number(index):
            known = [of for of, _ in met]
            if self.classes[index] not in known:
                met.append((self.classes[index], index))
                return len(known)
            return known.index(self.classes[index])

        lines = ["zbus contract 1", f"object {quoted(bus_name(one))}"]
        for method in by_wire_name(one["methods"]):
            params = [self.value(param["type"], number) for param in method["params"]]
            if method["variadic"]:
                params[-1] = "..." + params[-1]
            name = quoted(method["wire_name"])
            if method["oneway"]:
                lines.append(f"oneway {name} ({','.join(params)})")
                continue
            returns = [self.value(returned["type"], number) for returned in method["returns"]]
            throws = method["throws"]
            throws = f"#{number(throws['index'])}" if throws["kind"] == "named" else throws["kind"]
            lines.append(f"method {name} ({','.join(params)}) ({','.join(returns)}) {throws}")
        for stream in by_wire_name(one["streams"]):
            lines.append(f"stream {quoted(stream['wire_name'])} {self.value(stream['type'], number)}")
        written = 0
        while written < len(met):
            _, index = met[written]
            lines.append(f"#{written} {self.type_line(self.types[index], number)}")
            written += 1
        return "".join(line + "\n" for line in lines)


def bus_name(one):
    return one["name"] if one["version"] is None else f"{one['name']}@{one['version']}"


def main():
    for line in sys.stdin.buffer:
        model = json.loads(line)
        if model["format"] != 1:
            sys.exit(f"a model of format {model['format']}, of which this program has not heard")
        contracts = Contracts(model)
        for one in model["objects"]:
            digest = hashlib.sha256(contracts.text(one).encode()).hexdigest()
            print(f"{digest[:32]}  {bus_name(one)}")


main()
