/** The declared shapes of documents that are about cifs-echo. */
import { z } from "zod";
import { echoFigures } from "../../kernel-models/cifs-echo/figure-text.ts";
import { checkSchemaOf, runSchemaOf } from "../../tools/report/schema.ts";

export const checkSchema = checkSchemaOf(echoFigures.schema(z));
export const runSchema = runSchemaOf(echoFigures.schema(z));
export type EchoDocument = z.infer<typeof checkSchema>;
