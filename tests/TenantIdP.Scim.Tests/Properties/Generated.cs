using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Names;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Tests.Properties;

/// <summary>Users, filters and operations of every shape. Few values, so that they meet.</summary>
internal static class Generated
{
    private static readonly string[] Texts = ["", "a", "A", "b", "ab", "work", "home", "%", "_", "\\", "\"", "\n", "é", "😀", "u1", "true"];
    private static readonly string[] Types = ["work", "home", "other"];
    private static readonly string[] Names = ["userName", "title", "externalId", "name.givenName", "name.familyName", "emails.value", "emails.type", "id", $"{ScimUrns.EnterpriseUser}:department", $"{ScimUrns.CustomUser}:skills"];
    private static readonly CompareOperator[] All = Enum.GetValues<CompareOperator>();

    public static Arbitrary<ScimFilter> Filters => Filter(4).ToArbitrary();

    public static Arbitrary<(ScimFilter, ScimFilter, ComplexValue)> FiltersOfUsers => (from one in Filter(3) from other in Filter(3) from user in User select (one, other, user)).ToArbitrary();

    public static Arbitrary<ComplexValue> Users => User.ToArbitrary();

    public static Arbitrary<(ComplexValue User, string Operation)> Patches => (from user in User from operation in Operation select (user, operation)).ToArbitrary();

    private static Gen<string> Text => Gen.Elements(Texts);

    private static Gen<ComplexValue> User =>
        from title in Gen.OneOf(Text, Gen.Constant<string?>(null)!)
        from given in Gen.OneOf(Text, Gen.Constant<string?>(null)!)
        from active in Gen.Elements("true", "false", "null")
        from emails in Email.ListOf(3)
        from department in Gen.OneOf(Text, Gen.Constant<string?>(null)!)
        from grade in Gen.Choose(-2, 2)
        from skills in Text.ListOf(2)
        select Resources.Ann(
            $"\"title\":{Json(title)},\"name\":{{\"givenName\":{Json(given)}}},\"active\":{active},\"emails\":[{string.Join(',', emails.DistinctBy(e => e.ToUpperInvariant()))}],"
            + $"\"{ScimUrns.EnterpriseUser}\":{{\"department\":{Json(department)}}},\"{ScimUrns.CustomUser}\":{{\"grade\":{grade},\"skills\":{JsonSerializer.Serialize(skills.Distinct(StringComparer.OrdinalIgnoreCase))}}}");

    private static Gen<string> Email => from value in Gen.Elements("a", "b", "c") from type in Gen.Elements(Types) select $$"""{"value":"{{value}}","type":"{{type}}"}""";

    private static Gen<string> Operation => Gen.OneOf(
        from op in Gen.Elements("add", "Replace") from name in Gen.Elements(Names[1..5]) from value in Text select $$"""{"op":"{{op}}","path":"{{name}}","value":{{Json(value)}} }""",
        from op in Gen.Elements("Add", "replace") from value in Text from title in Text select $$"""{"op":"{{op}}","value":{"name.familyName":{{Json(value)}},"title":{{Json(title)}},"active":"False"} }""",
        from op in Gen.Elements("add", "replace", "remove") from emails in Email.ListOf(2) select $$"""{"op":"{{op}}","path":"emails","value":[{{string.Join(',', emails)}}]}""",
        from email in Email select $$"""{"op":"add","path":"emails","value":[{{email[..^1]}},"primary":true}]}""",
        from op in Gen.Elements("add", "replace") from type in Gen.Elements(Types) from value in Gen.Elements("a", "d") select $$"""{"op":"{{op}}","path":"emails[type eq \"{{type}}\"].value","value":"{{value}}"}""",
        from type in Gen.Elements(Types) from value in Gen.Elements("a", "d") select $$"""{"op":"replace","path":"emails[type eq \"{{type}}\"]","value":{"value":"{{value}}","display":"x"} }""",
        from type in Gen.Elements(Types) from sub in Gen.Elements("", ".value", ".primary", ".type") where sub != ".type" select $$"""{"op":"remove","path":"emails[type eq \"{{type}}\"]{{sub}}"}""",
        from name in Gen.Elements("title", "name", "name.givenName", "active", "emails", ScimUrns.EnterpriseUser, $"{ScimUrns.CustomUser}:skills") select $$"""{"op":"remove","path":"{{name}}"}""",
        from skills in Text.ListOf(2) select $$"""{"op":"add","path":"{{ScimUrns.CustomUser}}:skills","value":{{JsonSerializer.Serialize(skills)}} }""");

    private static string Json(string? text) => JsonSerializer.Serialize(text);

    private static Gen<ScimFilter> Filter(int depth) => depth == 0 ? Leaf : Gen.Frequency(
        (3, Leaf),
        (1, from terms in Filter(depth - 1).ListOf(2) from last in Filter(depth - 1) select AndFilter.Of([.. terms, last])),
        (1, from terms in Filter(depth - 1).ListOf(2) from last in Filter(depth - 1) select OrFilter.Of([.. terms, last])),
        (1, from inner in Filter(depth - 1) select (ScimFilter)new NotFilter(inner)),
        (1, from inner in Inner(2) select (ScimFilter)new ValuePathFilter(Path("emails"), inner)));

    private static Gen<ScimFilter> Leaf => Gen.OneOf(
        from name in Gen.Elements(Names) from op in Gen.Elements(All) from value in Text select (ScimFilter)new CompareFilter(Path(name), op, new TextValue(value)),
        from name in Gen.Elements(Names) from op in Gen.Elements(CompareOperator.Equal, CompareOperator.NotEqual) select (ScimFilter)new CompareFilter(Path(name), op, null),
        from op in Gen.Elements(CompareOperator.Equal, CompareOperator.NotEqual) from value in Gen.Elements(true, false) select (ScimFilter)new CompareFilter(Path("active"), op, BooleanValue.Of(value)),
        from op in Gen.Elements([.. All.Where(o => CompareOperators.Suits(o, AttributeType.Integer))]) from value in Gen.Choose(-2, 2) select (ScimFilter)new CompareFilter(Path($"{ScimUrns.CustomUser}:grade"), op, new NumberValue(value)),
        from name in Gen.Elements([.. Names, "name", "emails", "active"]) select (ScimFilter)new PresentFilter(Path(name)));

    private static Gen<ScimFilter> Inner(int depth) => depth == 0
        ? from name in Gen.Elements("value", "type", "display") from op in Gen.Elements(All) from value in Text select (ScimFilter)new CompareFilter(Sub(name), op, new TextValue(value))
        : Gen.OneOf(
            Inner(0),
            from name in Gen.Elements("value", "primary") select (ScimFilter)new PresentFilter(Sub(name)),
            from one in Inner(depth - 1) from other in Inner(depth - 1) select AndFilter.Of([one, other]),
            from one in Inner(depth - 1) from other in Inner(depth - 1) select OrFilter.Of([one, other]),
            from one in Inner(depth - 1) select (ScimFilter)new NotFilter(one));

    private static AttributePath Path(string name) => NameResolver.TryResolve(Resources.User, name, out var path) ? path : throw new ArgumentException(name);

    private static AttributePath Sub(string name) => new(null, UserSchema.Emails[name], null);
}
