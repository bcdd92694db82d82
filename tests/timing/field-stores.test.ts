/** What a field is set to, and what else decides beside a deadline. */
import { describe, expect, test } from "vitest";
import { fieldStores } from "../../tools/timing/field-stores.ts";
import { factsIn, scanText } from "./memory-source.ts";

const STRUCTS = `struct server { unsigned long echo_interval; unsigned long lstrp; int status; };
struct options { unsigned int echo_interval; };
`;
const SETUP = `#define DEFAULT_INTERVAL 60
void setup(struct server *server, struct options *options)
{
	options->echo_interval = DEFAULT_INTERVAL;
	server->echo_interval = DEFAULT_INTERVAL * HZ;
	if (server->echo_interval == 5)
		server->echo_interval += 1;
}
`;

describe("what a field is set to", () => {
  test("each store with its struct and its value; comparisons are no stores", async () => {
    const { program } = await scanText(STRUCTS + SETUP);
    const stores = fieldStores(program, "echo_interval").map((one) => [one.struct, one.value.text]);
    expect(stores).toEqual([
      ["options", "60 jiffies"],
      ["server", "60 s"],
    ]);
  });

  test("another default is another value", async () => {
    const { program } = await scanText(STRUCTS + SETUP.replace("INTERVAL 60", "INTERVAL 30"));
    expect(fieldStores(program, "echo_interval").at(-1)?.value.seconds).toBe(30);
    expect(fieldStores(program, "lstrp")).toEqual([]);
  });
});

describe("the whole condition", () => {
  const check = (condition: string): string =>
    `${STRUCTS}int late(struct server *server)\n{\n\tif (${condition})\n\t\treturn 1;\n\treturn 0;\n}\n`;
  const deadline = "time_after(jiffies, server->lstrp + 3 * HZ)";

  test("is told where the comparison is only a part of it", async () => {
    const [fact] = await factsIn("deadline", check(`server->status == 1 && ${deadline}`));
    expect(fact?.condition).toBe(`server->status == 1 && ${deadline}`);
  });

  test("is not repeated where the comparison is all of it", async () => {
    const [fact] = await factsIn("deadline", check(deadline));
    expect(fact?.condition).toBeUndefined();
  });
});
