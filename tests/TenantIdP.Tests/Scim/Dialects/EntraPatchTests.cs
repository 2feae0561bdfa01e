using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>Microsoft Entra: the shapes of its changes to users.</summary>
public abstract class EntraPatchTests(IdpHost idp) : DialectTests(idp)
{
    internal override Vendor Vendor => Vendor.Entra;

    [Fact, Trait("Scim", "V07"), Trait("Scim", "V09"), Trait("Scim", "E12"), Trait("Scim", "E13")]
    public Task A_value_path_makes_the_element_that_does_not_exist_with_its_type() => PlayAsync(
        Post("/Users", EntraUserTests.Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", """
            { "op": "Replace", "path": "emails[type eq \"home\"].value", "value": "ann@<domain>" },
            { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+41 79 000 00 00" },
            { "op": "Replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "+41 31 000 00 00" },
            { "op": "Replace", "path": "addresses[type eq \"work\"].locality", "value": "Bern" },
            { "op": "Add", "path": "addresses[type eq \"work\"].postalCode", "value": "3000" }
            """).Answers(200, """
            {
              "emails": [{ "type": "work", "value": "ann.lee@<domain>" }, { "type": "home", "value": "ann@<domain>" }],
              "phoneNumbers": [{ "type": "mobile", "value": "+41 79 000 00 00" }, { "type": "work", "value": "+41 31 000 00 00" }],
              "addresses": [{ "type": "work", "locality": "Bern", "postalCode": "3000" }]
            }
            """),
        Patch("/Users/<ann>", """{ "op": "Replace", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+41 79 111 11 11" }""")
            .Answers(200, """{ "phoneNumbers": [{ "type": "mobile", "value": "+41 79 111 11 11" }, { "type": "work" }] }"""));

    [Fact, Trait("Scim", "V08"), Trait("Scim", "E23")]
    public Task Keys_with_dots_and_schemas_in_a_value_without_a_path_are_paths() => PlayAsync(
        Post("/Users", EntraUserTests.Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", $$"""
            {
              "op": "Replace",
              "value": {
                "name.givenName": "Anna", "name.familyName": "Lee-Moser", "displayName": "Anna Lee-Moser",
                "{{Enterprise}}:employeeNumber": "7", "emails[type eq \"work\"].value": "anna@<domain>", "addresses[type eq \"work\"].locality": "Basel"
              }
            }
            """).Answers(200, $$"""
            {
              "name": { "givenName": "Anna", "familyName": "Lee-Moser" }, "displayName": "Anna Lee-Moser", "{{Enterprise}}": { "employeeNumber": "7" },
              "emails": [{ "type": "work", "value": "anna@<domain>" }], "addresses": [{ "type": "work", "locality": "Basel" }], "name.givenName": null
            }
            """));

    [Fact, Trait("Scim", "V12"), Trait("Scim", "V13"), Trait("Scim", "V14"), Trait("Scim", "E10"), Trait("Scim", "E11")]
    public Task A_manager_is_an_id_an_object_or_a_list_and_an_empty_text_is_none() => PlayAsync(
        Post("/Users", EntraUserTests.Ann).Answers(201).Keeps("ann"), Someone("boss"), Someone("other"),
        Patch("/Users/<ann>", Manager("Add", "\"<boss>\"")).Answers(200, $$"""{ "{{Enterprise}}": { "manager": { "value": "<boss>" } } }"""),
        Patch("/Users/<ann>", Manager("Replace", """{ "value": "<other>" }""")).Answers(200, $$"""{ "{{Enterprise}}": { "manager": { "value": "<other>" } } }"""),
        Patch("/Users/<ann>", Manager("Add", """[{ "$ref": null, "value": "<boss>" }]""")).Answers(200, $$"""{ "{{Enterprise}}": { "manager": { "value": "<boss>" } } }"""),
        Patch("/Users/<ann>", Manager("Replace", "\"\"")).Answers(200, $$"""{ "{{Enterprise}}": null }"""),
        Patch("/Users/<ann>", Manager("Add", "\"<boss>\"")).Answers(200, $$"""{ "{{Enterprise}}": { "manager": { "value": "<boss>" } } }"""),
        Patch("/Users/<ann>", $$"""{ "op": "Remove", "path": "{{Enterprise}}:manager" }""").Answers(200, $$"""{ "{{Enterprise}}": null }"""));

    [Fact, Trait("Scim", "E14"), Trait("Scim", "E15")]
    public Task The_primary_role_is_chosen_by_a_boolean_in_quotes_and_made_where_there_is_none() => PlayAsync(
        Post("/Users", """
            {
              "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@<domain>", "emails": [{ "type": "work", "value": "ann@<domain>" }],
              "roles": [{ "primary": "True", "type": "string", "display": "Admin", "value": "admin" }]
            }
            """).Answers(201).Keeps("ann"), Someone("bob"),
        Patch("/Users/<ann>", """{ "op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "lead" }""").Answers(200, """{ "roles": [{ "primary": true, "display": "Admin", "value": "lead" }] }"""),
        Patch("/Users/<bob>", """{ "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "lead" }""").Answers(200, """{ "roles": [{ "primary": true, "value": "lead" }] }"""));

    [Fact, Trait("Scim", "E16"), Trait("Scim", "E17")]
    public Task App_roles_come_as_a_list_and_as_json_in_a_text() => PlayAsync(
        Post("/Users", EntraUserTests.Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", """{ "op": "Add", "path": "roles", "value": [{ "primary": "False", "type": "WindowsAzureActiveDirectoryRole", "display": "Developer", "value": "developer" }] }""")
            .Answers(200, """{ "roles": [{ "primary": false, "type": "WindowsAzureActiveDirectoryRole", "display": "Developer", "value": "developer" }] }"""),
        Patch("/Users/<ann>", """{ "op": "Replace", "path": "roles", "value": [{ "value": "{\"id\":\"1\",\"value\":\"dev\",\"displayName\":\"Dev\"}" }] }""")
            .Answers(200, """{ "roles": [{ "value": "{\"id\":\"1\",\"value\":\"dev\",\"displayName\":\"Dev\"}" }] }"""));

    [Fact, Trait("Scim", "V17"), Trait("Scim", "V18")]
    public Task Operations_are_applied_in_their_order() => PlayAsync(
        Post("/Users", EntraUserTests.Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", """
            { "op": "replace", "path": "displayName", "value": "First" }, { "op": "replace", "value": { "displayName": "Second", "active": false } },
            { "op": "replace", "path": "displayName", "value": "Third" }, { "op": "replace", "value": { "active": true } }
            """).Answers(200, """{ "displayName": "Third", "active": true }"""),
        Patch("/Users/<ann>", """{ "op": "Add", "path": "title", "value": "CTO" }, { "op": "Replace", "path": "preferredLanguage", "value": "de-CH" }, { "op": "Remove", "path": "title" }""")
            .Answers(200, """{ "title": null, "preferredLanguage": "de-CH" }"""));

    [Fact, Trait("Scim", "E18")]
    public Task An_attribute_that_is_not_set_can_be_removed() => PlayAsync(
        Post("/Users", EntraUserTests.Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", $$"""
            { "op": "Remove", "path": "title", "value": "CTO" }, { "op": "Remove", "path": "phoneNumbers[type eq \"fax\"].value" }, { "op": "Remove", "path": "{{Enterprise}}:department" }
            """).Answers(200, """{ "title": null, "phoneNumbers": null, "displayName": "Ann Lee" }"""));

    [Fact, Trait("Scim", "E01")]
    public Task What_is_not_understood_is_refused_and_nothing_of_its_request_is_done() => PlayAsync(
        Post("/Users", EntraUserTests.Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", """{ "op": "Replace", "path": "displayName", "value": "Changed" }, { "op": "Add", "path": "extensionAttribute1", "value": "x" }""").Answers(400, """{ "scimType": "invalidPath" }"""),
        Patch("/Users/<ann>", """{ "op": "Replace", "path": "displayName", "value": "Changed" }, { "op": "Merge", "path": "title", "value": "x" }""").Answers(400, """{ "scimType": "invalidSyntax" }"""),
        Get("/Users/<ann>").Answers(200, """{ "displayName": "Ann Lee", "title": null }"""));

    private static string Manager(string op, string value) => $$"""{ "op": "{{op}}", "path": "{{Enterprise}}:manager", "value": {{value}} }""";
}

/// <summary>The same with its flag at the end of the base address: other shapes, and the flag in each request.</summary>
public abstract class EntraCompliantTests(IdpHost idp) : DialectTests(idp)
{
    internal override Vendor Vendor => Vendor.EntraCompliant;

    [Fact, Trait("Scim", "V01"), Trait("Scim", "V02"), Trait("Scim", "E02"), Trait("Scim", "E06"), Trait("Scim", "V15")]
    public Task The_life_of_a_user_is_the_same_with_the_compliance_flag() => PlayAsync(
        Get("""/Users?filter=userName eq "Ann.Lee@<domain>" """).Finds(),
        Post("/Users", EntraUserTests.Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", """{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "a.lee@<domain>" }, { "op": "replace", "value": { "displayName": "A. Lee", "active": false } }""")
            .Answers(200, """{ "displayName": "A. Lee", "active": false, "emails": [{ "type": "work", "value": "a.lee@<domain>" }] }"""),
        Get("""/Users?filter=userName eq "ann.lee@<domain>" """).Finds("ann"),
        Patch("/Users/<ann>", """{ "op": "replace", "path": "active", "value": true }""").Answers(200, """{ "id": "<ann>", "active": true }"""),
        Delete("/Users/<ann>"), Get("/Users/<ann>").Answers(404));

    [Fact, Trait("Scim", "E20"), Trait("Scim", "V21")]
    public Task Members_are_removed_by_a_filter_path_with_the_compliance_flag() => PlayAsync(
        Someone("ann"), Someone("bob"), SomeGroup("developers", "ann", "bob"),
        Get("/Groups/<developers>?excludedAttributes=members").Answers(200, """{ "members": null }"""),
        Patch("/Groups/<developers>", """{ "op": "remove", "path": "members[value eq \"<ann>\"]" }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<bob>" }] }"""));
}

[Collection(SqliteHost.Name)]
public sealed class EntraPatchesOnSqlite(SqliteIdp idp) : EntraPatchTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class EntraPatchesOnPostgreSql(PostgreSqlIdp idp) : EntraPatchTests(idp);

[Collection(SqliteHost.Name)]
public sealed class EntraCompliantOnSqlite(SqliteIdp idp) : EntraCompliantTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class EntraCompliantOnPostgreSql(PostgreSqlIdp idp) : EntraCompliantTests(idp);
