import { describe, expect, it } from "vitest";
import { createEnforcer } from "../../../../edge/plugins/authz-casbin/casbin-enforcer.ts";
import { CasbinError } from "../../../../edge/plugins/authz-casbin/casbin-error.ts";

interface Parts {
  readonly r?: string;
  readonly p?: string;
  readonly g?: string;
  readonly e?: string;
  readonly m?: string;
}

const ALLOW = "some(where (p.eft == allow))";
const EXACT = "r.sub == p.sub && r.obj == p.obj && r.act == p.act";

function model({ r = "sub, obj, act", p = "sub, obj, act", g, e = ALLOW, m = EXACT }: Parts = {}) {
  return [
    `[request_definition]\nr = ${r}`,
    `[policy_definition]\np = ${p}`,
    ...(g === undefined ? [] : [`[role_definition]\n${g}`]),
    `[policy_effect]\ne = ${e}`,
    `[matchers]\nm = ${m}`,
  ].join("\n\n");
}

const enforced = (modelText: string, policy: string, request: string) =>
  createEnforcer(modelText, policy, 3)(...request.split(" "));

describe("matchers", () => {
  it.each<[string, string, string, boolean]>([
    [EXACT, "a, b, c", "a b c", true],
    [EXACT, "a, b, c", "a b d", false],
    ["r.sub == 'root' || r.sub == p.sub", "a, b, c", "root x y", true],
    ['r.sub == "root" || r.sub == p.sub', "a, b, c", "user x y", false],
    ["r.sub != p.sub", "a, b, c", "b x y", true],
    ["!(r.sub == p.sub)", "a, b, c", "a x y", false],
    ["!!keyMatch(r.sub, p.sub)", "a, b, c", "a x y", true],
    ["r.act in ('GET', p.act)", "a, b, POST", "a b POST", true],
    ["r.act in ('GET', p.act)", "a, b, POST", "a b PUT", false],
    // && binds closer than ||.
    ["r.sub == p.sub || r.obj == p.obj && r.act == p.act", "a, b, c", "a x y", true],
    ["(r.sub == p.sub || r.obj == p.obj) && r.act == p.act", "a, b, c", "a x y", false],
    ["keyMatch(r.obj, p.obj)", "a, /x/*, c", "a /x/y c", true],
    ["keyMatch(r.obj, p.obj)", "a, /x/*, c", "a /x c", false],
    ["keyMatch(r.obj, p.obj)", "a, /x*z, c", "a /xy c", true],
    ["keyMatch(r.obj, p.obj)", "a, /x.y, c", "a /xzy c", false],
    ["keyMatch2(r.obj, p.obj)", "a, /x/:id/y, c", "a /x/1/y c", true],
    ["keyMatch2(r.obj, p.obj)", "a, /x/:id/y, c", "a /x/1/2/y c", false],
    ["keyMatch2(r.obj, p.obj)", "a, /x/*, c", "a /x/1/2 c", true],
    ["keyMatch2(r.obj, p.obj)", "a, /x/:id, c", "a /p/x/1 c", false],
    // Else a rule that denies could be passed by.
    ["keyMatch2(r.obj, p.obj)", "a, /x/*, c", "a /x/1\n2 c", true],
    ["keyMatch3(r.obj, p.obj)", "a, /x/*, c", "a /x/\n c", true],
    ["keyMatch3(r.obj, p.obj)", "a, /x/{id}/y, c", "a /x/1/y c", true],
    ["keyMatch3(r.obj, p.obj)", "a, /x/{id}, c", "a /x/1/y c", false],
    ["regexMatch(r.act, p.act)", "a, b, ^(GET|POST)$", "a b POST", true],
    ["regexMatch(r.act, '(?i)^get$')", "a, b, c", "a b GET", true],
    ["regexMatch(r.act, p.act)", "a, b, ^(GET|POST)$", "a b PUT", false],
  ])("%s with %s says of %s: %s", (m, rule, request, allowed) => {
    expect(enforced(model({ m }), `p, ${rule}`, request)).toBe(allowed);
  });

  it("without any rule is asked once, with empty texts", () => {
    expect(enforced(model({ m: "r.sub == 'root'" }), "", "root x y")).toBe(true);
    expect(enforced(model(), "", "a b c")).toBe(false);
  });
});

describe("roles", () => {
  const g = "g = _, _";
  const m = "g(r.sub, p.sub)";

  it("are had by way of others, and by oneself", () => {
    const policy = "p, admin, b, c\ng, alice, staff\ng, staff, admin\ng, admin, alice";
    for (const [name, allowed] of [
      ["alice", true],
      ["staff", true],
      ["admin", true],
      ["bob", false],
    ] as const) {
      expect(enforced(model({ g, m }), policy, `${name} b c`)).toBe(allowed);
    }
  });

  it("are followed ten steps, as by casbin", () => {
    const links = Array.from({ length: 11 }, (_, i) => `g, u${i}, u${i + 1}`).join("\n");
    const policy = `p, u11, b, c\n${links}`;
    expect(enforced(model({ g, m }), policy, "u1 b c")).toBe(true);
    expect(enforced(model({ g, m }), policy, "u0 b c")).toBe(false);
  });

  it("may be of a domain, and of several kinds", () => {
    const both = model({
      p: "sub, dom, obj, act",
      g: "g = _, _, _\ng2 = _, _",
      m: "g(r.sub, p.sub, p.dom) && g2(r.obj, p.obj)",
    });
    const policy = "p, admin, d1, files, c\ng, alice, admin, d1\ng, bob, admin, d2\ng2, /f, files";
    expect(enforced(both, policy, "alice /f c")).toBe(true);
    expect(enforced(both, policy, "bob /f c")).toBe(false);
    expect(enforced(both, policy, "alice /g c")).toBe(false);
  });
});

describe("effects", () => {
  const p = "sub, obj, act, eft";
  const deny = "!some(where (p.eft == deny))";
  const rules =
    "p, a, b, c, allow\np, a, x, c, deny\np, a, b, d, allow\np, a, b, d, deny\np, a, y, c, maybe";

  it.each<[string, string, boolean]>([
    [ALLOW, "a b c", true],
    [ALLOW, "a x c", false],
    [ALLOW, "a b d", true],
    [ALLOW, "a y c", false],
    [deny, "a b c", true],
    [deny, "a x c", false],
    [deny, "a b d", false],
    [deny, "other b c", true],
    [`${ALLOW} && ${deny}`, "a b c", true],
    [`${ALLOW} && ${deny}`, "a b d", false],
    [`${ALLOW} && ${deny}`, "other b c", false],
    ["priority(p.eft) || deny", "a b d", true],
    ["priority(p.eft) || deny", "a x c", false],
    ["priority(p.eft) || deny", "other b c", false],
  ])("%s says of %s: %s", (e, request, allowed) => {
    expect(enforced(model({ p, e }), rules, request)).toBe(allowed);
  });

  it("go by the lowest priority first", () => {
    const ordered = model({ p: "priority, sub, obj, act, eft", e: "priority(p.eft) || deny" });
    const policy = "p, 10, a, b, c, allow\np, 9, a, b, c, deny";
    expect(enforced(ordered, policy, "a b c")).toBe(false);
    expect(enforced(ordered, policy.replace("9", "11"), "a b c")).toBe(true);
  });
});

describe("texts", () => {
  it("may have remarks, lines that go on, and Windows' line ends", () => {
    const written = model({ m: "r.sub == p.sub \\\n  && r.obj == p.obj # not the method" });
    const text = `; a model\r\n${written.replaceAll("\n", "\r\n")}`;
    expect(enforced(text, "# a policy\r\n\r\n p , a,b , c\r\n", "a b x")).toBe(true);
  });

  it("may have roles that the model does not ask for", () => {
    expect(enforced(model(), "p, a, b, c\ng, a, b", "a b c")).toBe(true);
  });

  it.each<[string, string, string, string]>([
    ["no matcher", model().replace(/m = .*/, ""), "", "the model has no m in [matchers]"],
    ["two fields", model({ r: "sub, obj" }), "", "the model's r has 2 values, not 3"],
    [
      "a second matcher",
      `${model()}\nm2 = r.sub == p.sub`,
      "",
      '"m2 = r.sub == p.sub" in [matchers]',
    ],
    ["an unknown section", `${model()}\n[extra]\nx = y`, "", '"x = y" in [extra]'],
    ["another effect", model({ e: "any" }), "", "policy_effect is none that is known: any"],
    ["a role of one name", model({ g: "g = _" }), "", "the model's g is to be"],
    ["an unknown function", model({ m: "ipMatch(r.sub, p.sub)" }), "", "the matcher's ipMatch(…)"],
    [
      "a pattern of the request's",
      model({ m: "regexMatch(p.sub, r.sub)" }),
      "",
      "the matcher's regexMatch(…)",
    ],
    [
      "a role with too many names",
      model({ g: "g = _, _", m: "g(r.sub, p.sub, r.obj)" }),
      "",
      "the matcher's g(…)",
    ],
    ["an unknown field", model({ m: "r.age == p.sub" }), "", 'the matcher has "r.age"'],
    [
      "a field of a field",
      model({ m: "r.sub.age == p.sub" }),
      "",
      'the matcher has ".age == p.sub"',
    ],
    ["another comparison", model({ m: "r.sub > p.sub" }), "", 'the matcher has " > p.sub"'],
    ["an open bracket", model({ m: "(r.sub == p.sub" }), "", "the matcher ends too early"],
    ["words behind its end", model({ m: "r.sub == p.sub r.obj" }), "", 'the matcher has "r.obj"'],
    ["a rule that is too short", model(), "p, a, b", "has 2 values, not 3"],
    ["another kind of rule", model(), "p2, a, b, c", "is none of p or g"],
    [
      "a priority that is none",
      model({ p: "priority, sub, obj, act" }),
      "p, x, a, b, c\np, 1, a, b, c",
      '"x" as a priority',
    ],
    [
      "a bad pattern",
      model({ m: "regexMatch(r.sub, p.sub)" }),
      "p, (, b, c",
      "the policy's pattern ( cannot be used",
    ],
  ])("are refused that have %s", (_, text, policy, reason) => {
    const create = () => createEnforcer(text, policy, 3);
    expect(create).toThrow(CasbinError);
    expect(create).toThrow(reason);
  });
});
