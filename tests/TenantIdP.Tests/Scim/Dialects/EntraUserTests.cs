using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>Microsoft Entra's provisioning service and its validator: how users are found, made and ended.</summary>
public abstract class EntraUserTests(IdpHost idp) : DialectTests(idp)
{
    internal const string Ann = """
        {
          "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
          "externalId": "ann.lee", "userName": "Ann.Lee@<domain>", "active": true, "displayName": "Ann Lee",
          "emails": [{ "primary": true, "type": "work", "value": "ann.lee@<domain>" }],
          "meta": { "resourceType": "User" }, "name": { "formatted": "Ann Lee", "familyName": "Lee", "givenName": "Ann" }, "roles": []
        }
        """;

    internal override Vendor Vendor => Vendor.Entra;

    [Fact, Trait("Scim", "V01")]
    public Task The_connection_test_asks_for_nobody_and_gets_an_empty_list() => PlayAsync(
        Get("""/Users?filter=userName eq "3f2a9c1e-0000-4000-8000-1b2c3d4e5f60" """).Finds(),
        Get("""/Groups?filter=displayName eq "3f2a9c1e-0000-4000-8000-1b2c3d4e5f60"&excludedAttributes=members""").Finds());

    [Fact, Trait("Scim", "V02")]
    public Task A_user_is_made_with_an_extension_that_is_named_and_not_sent() => PlayAsync(
        Post("/Users", Ann).Answers(201, """
            {
              "id": "<any>", "externalId": "ann.lee", "userName": "Ann.Lee@<domain>", "active": true, "displayName": "Ann Lee",
              "emails": [{ "primary": true, "type": "work", "value": "ann.lee@<domain>" }], "name": { "formatted": "Ann Lee", "familyName": "Lee", "givenName": "Ann" },
              "meta": { "resourceType": "User", "location": "<any>", "version": "<any>", "created": "<any>", "lastModified": "<any>" }
            }
            """).Keeps("ann"),
        Get("/Users/<ann>").Answers(200, """{ "id": "<ann>", "userName": "Ann.Lee@<domain>" }"""));

    [Fact, Trait("Scim", "V03"), Trait("Scim", "E04")]
    public Task Booleans_that_come_as_text_are_booleans_in_the_answer() => PlayAsync(
        Post("/Users", """
            {
              "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@<domain>", "active": "True", "emails": [{ "primary": "True", "type": "work", "value": "ann@<domain>" }],
              "roles": [{ "primary": "True", "type": "string", "display": "Admin", "value": "admin" }], "meta": { "resourceType": "User" }
            }
            """).Answers(201, """{ "active": true, "emails": [{ "primary": true }], "roles": [{ "primary": true, "type": "string", "display": "Admin", "value": "admin" }] }"""));

    [Fact, Trait("Scim", "V04")]
    public Task A_second_user_of_one_name_is_a_conflict_that_changes_nothing() => PlayAsync(
        Post("/Users", Ann).Answers(201).Keeps("ann"),
        Post("/Users", """{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ANN.LEE@<domain>", "displayName": "Another", "emails": [{ "type": "work", "value": "ann.lee@<domain>" }] }""")
            .Answers(409, """{ "scimType": "uniqueness" }"""),
        Get("/Users/<ann>").Answers(200, """{ "userName": "Ann.Lee@<domain>", "displayName": "Ann Lee" }"""));

    [Fact, Trait("Scim", "V06")]
    public Task A_user_name_is_found_in_any_case() => PlayAsync(
        Post("/Users", Ann).Answers(201).Keeps("ann"),
        Get("""/Users?filter=userName eq "ANN.LEE@<domain>" """).Answers(200, """{ "Resources": [{ "userName": "Ann.Lee@<domain>" }] }""").Finds("ann"));

    [Fact, Trait("Scim", "E07"), Trait("Scim", "E08")]
    public Task Users_are_matched_by_external_id_and_by_work_address() => PlayAsync(
        Post("/Users", Ann).Answers(201).Keeps("ann"), Someone("bob"),
        Get("""/Users?filter=externalId eq "ann.lee" """).Finds("ann"),
        Get("""/Users?filter=externalId eq "nobody" """).Finds(),
        Get("""/Users?filter=emails[type eq "work"].value eq "ann.lee@<domain>" """).Finds("ann"));

    [Fact, Trait("Scim", "E01"), Trait("Scim", "E02")]
    public Task A_user_is_disabled_by_an_operation_in_capitals_with_a_text() => PlayAsync(
        Post("/Users", Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", """{ "op": "Replace", "path": "active", "value": "False" }""").Answers(200, """{ "id": "<ann>", "active": false, "displayName": "Ann Lee" }"""),
        Patch("/Users/<ann>", """{ "op": "REPLACE", "path": "active", "value": "True" }""").Answers(200, """{ "active": true }"""));

    [Fact, Trait("Scim", "E03"), Trait("Scim", "E22")]
    public Task A_user_is_disabled_without_a_path_and_by_a_path_with_its_schema() => PlayAsync(
        Post("/Users", Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", """{ "op": "Replace", "value": { "active": "False" } }""").Answers(200, """{ "active": false }"""),
        Patch("/Users/<ann>", """{ "op": "Replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": "True" }""").Answers(200, """{ "active": true }"""));

    [Fact, Trait("Scim", "E05"), Trait("Scim", "E06")]
    public Task A_disabled_user_is_still_found_and_comes_back_as_the_same_with_their_groups() => PlayAsync(
        Post("/Users", Ann).Answers(201).Keeps("ann"), SomeGroup("developers", "ann"),
        Patch("/Users/<ann>", """{ "op": "Replace", "path": "active", "value": "False" }""").Answers(200, """{ "active": false }"""),
        Get("/Users/<ann>").Answers(200, """{ "active": false }"""),
        Get("""/Users?filter=userName eq "ann.lee@<domain>" """).Answers(200, """{ "Resources": [{ "active": false }] }""").Finds("ann"),
        Get("""/Users?filter=externalId eq "ann.lee" """).Finds("ann"),
        Patch("/Users/<ann>", """{ "op": "Replace", "path": "active", "value": "True" }""").Answers(200, """{ "id": "<ann>", "active": true }"""),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<ann>" }] }"""));

    [Fact, Trait("Scim", "V15"), Trait("Scim", "V16"), Trait("Scim", "V28")]
    public Task A_user_is_deleted_once_and_unknown_from_then_on() => PlayAsync(
        Post("/Users", Ann).Answers(201).Keeps("ann"),
        Delete("/Users/<ann>"),
        Delete("/Users/<ann>").Answers(404),
        Get("/Users/<ann>").Answers(404),
        Patch("/Users/<ann>", """{ "op": "Replace", "path": "active", "value": "False" }""").Answers(404),
        Get("/Users/3f2a9c1e-0000-4000-8000-1b2c3d4e5f60").Answers(404),
        Delete("/Groups/3f2a9c1e-0000-4000-8000-1b2c3d4e5f60").Answers(404));

    [Fact, Trait("Scim", "E09")]
    public Task Whether_somebody_is_somebodys_manager_is_asked_by_a_filter() => PlayAsync(
        Someone("boss"), Someone("bob"), Post("/Users", Ann).Answers(201).Keeps("ann"),
        Patch("/Users/<ann>", $$"""{ "op": "Add", "path": "{{Enterprise}}:manager", "value": "<boss>" }""").Answers(200),
        Get($"""/Users?filter=id eq "<ann>" and {Enterprise}:manager eq "<boss>"&attributes=id""").Answers(200, """{ "Resources": [{ "id": "<ann>", "userName": null, "emails": null }] }""").Finds("ann"),
        Get($"""/Users?filter=id eq "<ann>" and {Enterprise}:manager eq "<bob>"&attributes=id""").Finds());

    [Fact, Trait("Scim", "E28")]
    public async Task Fifty_requests_at_once_are_no_reason_to_send_the_directory_away()
    {
        var caller = await OpenAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            caller.SendAsync(HttpMethod.Get, $"""/Users?filter=userName eq "nobody{i}@<domain>" """, null, TestContext.Current.CancellationToken)));

        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
    }
}

[Collection(SqliteHost.Name)]
public sealed class EntraUsersOnSqlite(SqliteIdp idp) : EntraUserTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class EntraUsersOnPostgreSql(PostgreSqlIdp idp) : EntraUserTests(idp);
