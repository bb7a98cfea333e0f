import { HeadwaterError } from "../../base/errors.ts";
import { userNameFault } from "../../security/users.ts";
import { json, problem } from "../problem.ts";
import type { Gateway, UserSource } from "./gateway.ts";
import type { Route } from "./route.ts";
import { textIn } from "./route-notes.ts";
import { list, object, oneOf, orNull, text } from "./schema.ts";

const MAX_BODY_BYTES = 4 * 1024;
const MAX_NAME = 128;
const PASSWORD = text({ minLength: 1, maxLength: 1024 });

/** The users of all doors. Passwords come in, and never go out. */
export const USER_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/users",
    id: "listUsers",
    summary: "The users, with their roles here",
    needs: "admin",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        users: list(
          object({ name: text(), role: orNull(oneOf("viewer", "operator", "admin")), groups: list(text()) }),
        ),
      }),
    },
    handle: ({ parts }) => done("users", async () => json(200, { users: parts.users.list() })),
  },
  {
    method: "POST",
    path: "/api/users",
    id: "addUser",
    summary: "Add a user; who may log in here is in security.roles",
    needs: "admin",
    audit: { action: "user.create", on: ({ body }) => `user ${textIn(body, "name")}` },
    body: {
      maxBytes: MAX_BODY_BYTES,
      schema: object({ name: text({ minLength: 1, maxLength: MAX_NAME }), password: PASSWORD }),
    },
    answer: { status: 201, type: "application/json", schema: object({ name: text() }) },
    handle: ({ body, parts }) => {
      const { name, password } = body as { readonly name: string; readonly password: string };
      return change(parts.users, name, password, "add");
    },
  },
  {
    method: "POST",
    path: "/api/users/{user}/password",
    id: "changePassword",
    summary: "Give a user another password; who is connected with the old one is put out",
    needs: "admin",
    audit: { action: "user.set-password", on: ({ path }) => `user ${path.user}` },
    body: { maxBytes: MAX_BODY_BYTES, schema: object({ password: PASSWORD }) },
    answer: { status: 200, type: "application/json", schema: object({ name: text() }) },
    handle: ({ path, body, parts }) =>
      change(parts.users, path.user ?? "", (body as { readonly password: string }).password, "change"),
  },
  {
    method: "DELETE",
    path: "/api/users/{user}",
    id: "removeUser",
    summary: "Remove a user; who is connected as this user is put out",
    needs: "admin",
    audit: { action: "user.delete", on: ({ path }) => `user ${path.user}` },
    answer: { status: 204, type: "none" },
    handle: ({ path, parts }) =>
      done(path.user ?? "", async () => {
        const name = path.user ?? "";
        return (await parts.users.remove(name)) ? new Response(null, { status: 204 }) : missing(name);
      }),
  },
];

function change(users: UserSource, name: string, password: string, how: "add" | "change"): Promise<Response> {
  const fault = userNameFault(name);
  if (fault !== null) {
    const remedy = `${fault}; choose another name`;
    const error = {
      message: "nobody can have this name",
      thing: "user",
      value: name.slice(0, MAX_NAME),
      remedy,
    };
    return Promise.resolve(problem(400, error));
  }
  return done(name, async () => {
    const isDone = await users.set(name, new TextEncoder().encode(password), how);
    if (isDone) return json(how === "add" ? 201 : 200, { name });
    if (how === "change") return missing(name);
    const remedy = "take another name, or change the password";
    return problem(409, { message: "there is such a user", thing: "user", value: name, remedy });
  });
}

async function done(name: string, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    const remedy = "see security.users.file, and send it again";
    return problem(503, { message: error.message.slice(0, 300), thing: "user", value: name, remedy });
  }
}

function missing(name: string): Response {
  const remedy = "GET /api/users lists them";
  return problem(404, {
    message: "there is no such user",
    thing: "user",
    value: name.slice(0, MAX_NAME),
    remedy,
  });
}
