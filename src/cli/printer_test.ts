import { assertEquals } from "@std/assert";
import { bufferPrinter, quietPrinter, terminalPrinter, type TerminalStreams } from "./printer.ts";

function streams(over: Partial<TerminalStreams> = {}): TerminalStreams & { written: string[] } {
  const written: string[] = [];
  return {
    written,
    writeOut: (text) => void written.push(`o:${text}`),
    writeErr: (text) => void written.push(`e:${text}`),
    outIsTerminal: true,
    errIsTerminal: true,
    columns: 80,
    ...over,
  };
}

Deno.test("a terminal printer writes results to stdout and complaints to stderr", () => {
  const to = streams();
  const printer = terminalPrinter(to);
  printer.out("result");
  printer.err("complaint");
  assertEquals(to.written, ["o:result\n", "e:complaint\n"]);
});

Deno.test("the progress line moves out of the way of other lines and can be removed", () => {
  const to = streams();
  const printer = terminalPrinter(to);
  printer.progress("1/9");
  printer.progress("1/9");
  printer.out("result");
  printer.progress("");
  printer.out("end");
  assertEquals(to.written, [
    "e:\r\x1b[2K1/9",
    "e:\r\x1b[2K",
    "o:result\n",
    "e:1/9",
    "e:\r\x1b[2K",
    "o:end\n",
  ]);
});

Deno.test("progress is silent without a terminal on stderr", () => {
  const to = streams({ errIsTerminal: false });
  terminalPrinter(to).progress("1/9");
  assertEquals(to.written, []);
});

Deno.test("colours need a terminal on stdout and no NO_COLOR", () => {
  assertEquals(terminalPrinter(streams()).colour, true);
  assertEquals(terminalPrinter(streams({ noColor: "" })).colour, true);
  assertEquals(terminalPrinter(streams({ noColor: "1" })).colour, false);
  assertEquals(terminalPrinter(streams({ outIsTerminal: false })).colour, false);
});

Deno.test("the width of a table follows the terminal within bounds", () => {
  assertEquals(terminalPrinter(streams({ columns: 100 })).width, 100);
  assertEquals(terminalPrinter(streams({ columns: 400 })).width, 120);
  assertEquals(terminalPrinter(streams({ columns: 10 })).width, 40);
  assertEquals(terminalPrinter(streams({ columns: 400, outIsTerminal: false, errIsTerminal: false })).width, 80);
});

Deno.test("a quiet printer keeps stdout for the machine", () => {
  const buffer = bufferPrinter();
  const printer = quietPrinter(buffer);
  printer.out("table");
  printer.err("complaint");
  printer.progress("1/9");
  assertEquals([buffer.outLines, buffer.errLines, buffer.progressTexts], [[], ["complaint"], ["1/9"]]);
});
