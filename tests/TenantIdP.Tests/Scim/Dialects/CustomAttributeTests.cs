using TenantIdP.Core.Directories;
using TenantIdP.Scim;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>What an organization adds to the users of its directory, as Entra sends it (paths with the URN) and as Okta does (an object by the URN).</summary>
public abstract class CustomAttributeTests(IdpHost idp) : DialectTests(idp)
{
    private const string Custom = ScimUrns.CustomUser;

    private const string Ann = $$"""
        {
          "schemas": ["{{CoreUser}}", "{{Custom}}"], "userName": "ann@<domain>", "emails": [{ "primary": true, "value": "ann@<domain>", "type": "work" }], "active": true,
          "{{Custom}}": { "badge": "B-1", "grade": 7, "onCall": false, "hired": "2024-02-01T08:00:00Z", "sites": ["Bern", "Basel"], "page": "https://acme.example/ann" }
        }
        """;

    internal override Vendor Vendor => Vendor.Okta;

    internal override DirectorySettings Configure(DirectorySettings usual) => usual with
    {
        CustomAttributes =
        [
            new("badge", CaseExact: true), new("grade", DirectoryAttributeType.Integer), new("share", DirectoryAttributeType.Decimal), new("onCall", DirectoryAttributeType.Boolean),
            new("hired", DirectoryAttributeType.DateTime), new("page", DirectoryAttributeType.Reference), new("sites", MultiValued: true),
        ],
    };

    [Fact]
    public Task Okta_sends_an_object_and_reads_it_back() => PlayAsync(
        Post("/Users", Ann).Answers(201, $$"""{ "schemas": ["{{CoreUser}}", "{{Custom}}"], "{{Custom}}": { "badge": "B-1", "grade": 7, "onCall": false, "sites": ["Bern", "Basel"] } }""").Keeps("ann"),
        Put("/Users/<ann>", $$"""
            {
              "schemas": ["{{CoreUser}}", "{{Custom}}"], "id": "<ann>", "userName": "ann@<domain>", "emails": [{ "primary": true, "value": "ann@<domain>", "type": "work" }], "active": true,
              "{{Custom}}": { "badge": "B-2", "share": 0.25, "sites": [] }
            }
            """).Answers(200, $$"""{ "{{Custom}}": { "badge": "B-2", "share": 0.25, "grade": null, "sites": null, "hired": null } }"""),
        Patch("/Users/<ann>", $$"""{ "op": "replace", "value": { "{{Custom}}": { "grade": 8, "sites": ["Bern"] } } }""").Answers(200, $$"""{ "{{Custom}}": { "badge": "B-2", "grade": 8, "sites": ["Bern"] } }"""),
        Get("/Users/<ann>").Answers(200, $$"""{ "{{Custom}}": { "badge": "B-2", "grade": 8, "share": 0.25, "sites": ["Bern"] } }"""),
        Get("/Users?startIndex=1&count=100").Answers(200, $$"""{ "Resources": [{ "{{Custom}}": { "grade": 8 } }] }""").Finds("ann"));

    [Fact]
    public Task Entra_sends_paths_with_the_schema_before_the_name() => PlayAsAsync(
        Vendor.Entra,
        Someone("ann"),
        Patch("/Users/<ann>", $$"""
            { "op": "Add", "path": "{{Custom}}:badge", "value": "B-1" },
            { "op": "Replace", "path": "{{Custom}}:grade", "value": 7 },
            { "op": "Add", "path": "{{Custom}}:onCall", "value": "True" },
            { "op": "Add", "path": "{{Custom}}:sites", "value": ["Bern"] },
            { "op": "Add", "path": "{{Custom}}:hired", "value": "2024-02-01T08:00:00Z" }
            """).Answers(200, $$"""{ "{{Custom}}": { "badge": "B-1", "grade": 7, "onCall": true, "sites": ["Bern"], "hired": "2024-02-01T08:00:00.000Z" } }"""),
        Patch("/Users/<ann>", $$"""{ "op": "Replace", "value": { "{{Custom}}:badge": "B-2", "displayName": "Ann" } }""").Answers(200, $$"""{ "displayName": "Ann", "{{Custom}}": { "badge": "B-2", "grade": 7 } }"""),
        Patch("/Users/<ann>", $$"""{ "op": "Add", "path": "{{Custom}}:sites", "value": "Basel" }""").Answers(200, $$"""{ "{{Custom}}": { "sites": ["Bern", "Basel"] } }"""),
        Patch("/Users/<ann>", $$"""{ "op": "Remove", "path": "{{Custom}}:badge" }, { "op": "Remove", "path": "{{Custom}}:sites" }""").Answers(200, $$"""{ "{{Custom}}": { "badge": null, "sites": null, "grade": 7 } }"""),
        Patch("/Users/<ann>", $$"""{ "op": "Remove", "path": "{{Custom}}" }""").Answers(200, $$"""{ "{{Custom}}": null }"""));

    [Fact]
    public Task What_does_not_fit_is_refused_with_its_path_and_changes_nothing() => PlayAsync(
        Post("/Users", Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", $$"""{ "op": "replace", "path": "{{Custom}}:badge", "value": "B-9" }, { "op": "replace", "path": "{{Custom}}:shoeSize", "value": "44" }""").Answers(400, """{ "scimType": "invalidPath" }"""),
        Patch("/Users/<ann>", $$"""{ "op": "replace", "path": "{{Custom}}:grade", "value": "seven" }""").Answers(400, """{ "scimType": "invalidValue" }"""),
        Patch("/Users/<ann>", $$"""{ "op": "replace", "value": { "{{Custom}}": { "shoeSize": "44" } } }""").Answers(400),
        Patch("/Users/<ann>", $$"""{ "op": "replace", "path": "{{Custom}}:sites", "value": [{{string.Join(',', Enumerable.Repeat("\"x\"", ScimLimits.MaxValues + 1))}}] }""").Answers(400, """{ "scimType": "invalidValue" }"""),
        Patch("/Users/<ann>", $$"""{ "op": "replace", "path": "{{Custom}}:badge", "value": "{{new string('b', ScimLimits.MaxTextLength + 1)}}" }""").Answers(400, """{ "scimType": "invalidValue" }"""),
        Get("/Users/<ann>").Answers(200, $$"""{ "{{Custom}}": { "badge": "B-1", "grade": 7, "sites": ["Bern", "Basel"] } }"""));

    [Fact]
    public Task They_are_found_sorted_and_chosen_as_any_attribute() => PlayAsync(
        Post("/Users", Ann).Answers(201).Keeps("ann"), Someone("bob"),
        Patch("/Users/<bob>", $$"""{ "op": "add", "path": "{{Custom}}:grade", "value": 11 }, { "op": "add", "path": "{{Custom}}:badge", "value": "b-1" }""").Answers(200),
        Get($"/Users?filter={Custom}:grade gt 7").Finds("bob"),
        Get($"/Users?filter={Custom}:badge eq \"B-1\"").Finds("ann"),
        Get($"/Users?filter={Custom}:sites eq \"bern\"").Finds("ann"),
        Get($"/Users?filter={Custom}:hired pr").Finds("ann"),
        Get($"/Users?filter={Custom}:shoeSize eq \"44\"").Answers(400, """{ "scimType": "invalidFilter" }"""),
        Get($"/Users?sortBy={Custom}:grade&count=1").Answers(200, """{ "totalResults": 2, "Resources": [{ "id": "<ann>" }] }"""),
        Get($"/Users?sortBy={Custom}:grade&sortOrder=descending&count=1").Answers(200, """{ "totalResults": 2, "Resources": [{ "id": "<bob>" }] }"""),
        Get($"/Users/<ann>?attributes={Custom}:grade").Answers(200, $$"""{ "id": "<ann>", "userName": null, "{{Custom}}": { "grade": 7, "badge": null } }"""),
        Get($"/Users/<ann>?excludedAttributes={Custom}").Answers(200, $$"""{ "userName": "ann@<domain>", "{{Custom}}": null }"""));
}

[Collection(SqliteHost.Name)]
public sealed class CustomAttributesOnSqlite(SqliteIdp idp) : CustomAttributeTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class CustomAttributesOnPostgreSql(PostgreSqlIdp idp) : CustomAttributeTests(idp);
