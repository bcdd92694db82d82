/**
 * All recipes, by system. One line each; tools/cli is the only room that reads this.
 */
import type { Recipe } from "../tools/repair/recipe.ts";
import { alwaysEcho } from "./cifs-echo/always-echo.ts";
import { fixedSchedule } from "./cifs-echo/fixed-schedule.ts";
import { lookTwice } from "./cifs-echo/look-twice.ts";
import { rearmFirst } from "./cifs-echo/rearm-first.ts";
import { rearmFromResponse } from "./cifs-echo/rearm-from-response.ts";
import { threeIntervals } from "./cifs-echo/three-intervals.ts";
import { noErrorWakeup } from "./sunrpc-reconnect/no-error-wakeup.ts";
import { retryConnectRecipe } from "./sunrpc-reconnect/retry-connect.ts";
import { retryConnectAndWakeWhenDone } from "./sunrpc-reconnect/retry-connect-and-wake-when-done.ts";
import { wakeWhenDoneRecipe } from "./sunrpc-reconnect/wake-when-done.ts";

export const RECIPES: Readonly<Record<string, readonly Recipe[]>> = {
  "cifs-echo": [threeIntervals, fixedSchedule, alwaysEcho, rearmFirst, rearmFromResponse, lookTwice],
  "sunrpc-reconnect": [noErrorWakeup, retryConnectRecipe, wakeWhenDoneRecipe, retryConnectAndWakeWhenDone],
};
