/**
 * Reads OpenMetrics text with the parser of Prometheus's own library for Python, which also checks it.
 *
 * @module
 */
import { exec } from "../../scripts/exec.ts";
import { PYTHON } from "../support/ensure.ts";

/** A sample as it was read back. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric as it was read back. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const PARSE = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
read = lambda family: dict(name=family.name, type=family.type, unit=family.unit, help=family.documentation, samples=[
    dict(name=sample.name, labels=sample.labels, value=str(sample.value)) for sample in family.samples])
texts = json.load(sys.stdin)
json.dump([[read(family) for family in parse(text)] for text in texts], sys.stdout)
`;

/**
 * Reads several texts.
 *
 * @throws {Error} if one of them is no OpenMetrics.
 */
export async function families(...texts: readonly string[]): Promise<Family[][]> {
  const read = await exec(PYTHON, ["-c", PARSE], { input: JSON.stringify(texts) });
  return JSON.parse(read, (key, value) => key === "value" ? Number(value === "inf" ? Infinity : value) : value);
}

/** Reads the samples of a text. */
export async function samplesOf(text: string): Promise<Sample[]> {
  const [read] = await families(text);
  return read!.flatMap(({ samples }) => samples);
}
