/** The declared shapes of documents: those about one system, and those of `run`, which have all of them. */
import { z } from "zod";
import { echoFigures } from "../../kernel-models/cifs-echo/figure-text.ts";
import { reconnectFigures } from "../../kernel-models/sunrpc-reconnect/figure-text.ts";
import { checkSchemaOf, runSchemaOf } from "../../tools/report/schema.ts";

export const checkSchema = checkSchemaOf(echoFigures.schema(z));
export const reconnectCheckSchema = checkSchemaOf(reconnectFigures.schema(z));
export const runSchema = runSchemaOf(z.union([echoFigures.schema(z), reconnectFigures.schema(z)]));
export type EchoDocument = z.infer<typeof checkSchema>;
export type ReconnectDocument = z.infer<typeof reconnectCheckSchema>;
