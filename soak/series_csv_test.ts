import { assertEquals, assertThrows } from "@std/assert";
import { MAX_LINE_CHARACTERS, parseSeriesCsv, SeriesCsvError } from "./series_csv.ts";

const SAMPLES = [{ t_s: 0, value: 1.5 }, { t_s: 5, value: -2 }, { t_s: 5, value: 3e6 }];

Deno.test("two columns are a series, with or without header", () => {
  assertEquals(parseSeriesCsv("0,1.5\n5,-2\n5,3e6\n"), { name: undefined, samples: SAMPLES });
  assertEquals(parseSeriesCsv("time,rss\n0,1.5\n5,-2\n5,3e6"), { name: "rss", samples: SAMPLES });
  assertEquals(parseSeriesCsv('\uFEFF"t_s";"heap bytes"\r\n# note\r\n\r\n0;1.5\r\n5;-2\r\n5;3e6\r\n'), {
    name: "heap bytes",
    samples: SAMPLES,
  });
  assertEquals(parseSeriesCsv("0\t1.5").samples.length, 1);
});

Deno.test("what is no series is refused with its line", () => {
  const table: [text: string, message: string][] = [
    ["", "there are no samples"],
    ["time,rss\n", "there are no samples"],
    ["0,1\n1\n", "line 2: it must have two columns, time in seconds and value, current number is 1"],
    ["0,1,2", "line 1: it must have two columns, time in seconds and value, current number is 3"],
    ["t,v\nt,v\n", 'line 2: the time must be a number of seconds, current value is "t"'],
    ["0,1\nx,2", 'line 2: the time must be a number of seconds, current value is "x"'],
    ["0,1\n\n1,NaN", 'line 3: the value must be a number, current value is "NaN"'],
    ["0,1\n1,1e999", 'line 2: the value must be a number, current value is "1e999"'],
    ["0,1\n1,-1e101", 'line 2: the value must be a number, current value is "-1e101"'],
    ["0,0x10", 'line 1: the value must be a number, current value is "0x10"'],
    ["5,1\n4,1", "line 2: times must not go back, current time is 4 after 5"],
    ["x".repeat(MAX_LINE_CHARACTERS + 1), "line 1: it is longer than 1000 characters"],
  ];
  for (const [text, message] of table) {
    assertEquals(assertThrows(() => parseSeriesCsv(text), SeriesCsvError).message, message);
  }
});
