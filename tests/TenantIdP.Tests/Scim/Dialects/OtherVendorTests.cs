using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>Google Workspace: makes users without an external id, suspends and deletes independently, and reads the schemas first.</summary>
public abstract class GoogleTests(IdpHost idp) : DialectTests(idp)
{
    internal override Vendor Vendor => Vendor.Google;

    [Fact, Trait("Scim", "W01"), Trait("Scim", "W02"), Trait("Scim", "W03")]
    public Task A_user_without_an_external_id_is_suspended_and_weeks_later_deleted_out_of_their_groups() => PlayAsync(
        Get("/Schemas").Answers(200), Get($"/Schemas/{CoreUser}").Answers(200, $$"""{ "id": "{{CoreUser}}" }"""),
        Post("/Users", $$"""
            {
              "schemas": ["{{CoreUser}}", "{{Enterprise}}"], "userName": "ann@<domain>", "active": true, "emails": [{ "value": "ann@<domain>", "type": "work", "primary": true }],
              "name": { "givenName": "Ann", "familyName": "Lee", "formatted": "Ann Lee" }, "phoneNumbers": [{ "value": "+41 31 000 00 00", "type": "work" }], "{{Enterprise}}": { "department": "R", "costCenter": "4" }
            }
            """).Answers(201, $$"""{ "externalId": null, "{{Enterprise}}": { "department": "R", "costCenter": "4" } }""").Keeps("ann"),
        Someone("bob"), SomeGroup("developers", "ann", "bob"),
        Patch("/Users/<ann>", """{ "op": "replace", "path": "active", "value": false }""").Answers(200, """{ "active": false }"""),
        Get("""/Users?filter=userName eq "ann@<domain>" """).Finds("ann"),
        Delete("/Users/<ann>"),
        Get("""/Users?filter=userName eq "ann@<domain>" """).Finds(),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<bob>" }] }"""));
}

/// <summary>OneLogin: plain JSON, and empty values for what has none.</summary>
public abstract class OneLoginTests(IdpHost idp) : DialectTests(idp)
{
    internal override Vendor Vendor => Vendor.OneLogin;

    [Fact, Trait("Scim", "N01"), Trait("Scim", "N02"), Trait("Scim", "N04")]
    public Task A_manager_with_an_empty_value_is_no_manager() => PlayAsync(
        Someone("boss"),
        Post("/Users", $$"""
            {
              "schemas": ["{{CoreUser}}", "{{Enterprise}}"], "userName": "ann@<domain>", "name": { "givenName": "Ann", "familyName": "Lee" }, "emails": [{ "value": "ann@<domain>", "type": "work", "primary": true }],
              "active": true, "{{Enterprise}}": { "manager": { "value": "<boss>" }, "department": "Research" }
            }
            """).Answers(201, $$"""{ "{{Enterprise}}": { "manager": { "value": "<boss>" }, "department": "Research" } }""").Keeps("ann"),
        Patch("/Users/<ann>", $$"""{ "op": "replace", "path": "{{Enterprise}}:manager", "value": { "value": "" } }, { "op": "replace", "value": { "title": "CTO" } }""")
            .Answers(200, $$"""{ "title": "CTO", "{{Enterprise}}": { "manager": null, "department": "Research" } }"""),
        Put("/Users/<ann>", $$"""
            { "schemas": ["{{CoreUser}}", "{{Enterprise}}"], "userName": "ann@<domain>", "emails": [{ "value": "ann@<domain>", "type": "work", "primary": true }], "active": true, "{{Enterprise}}": { "manager": { "value": "" } } }
            """).Answers(200, $$"""{ "active": true, "title": null, "{{Enterprise}}": null }"""));

    [Fact, Trait("Scim", "N03")]
    public Task All_members_are_replaced_by_none() => PlayAsync(
        Someone("ann"), Someone("bob"), SomeGroup("developers", "ann", "bob"),
        Patch("/Groups/<developers>", """{ "op": "replace", "path": "members", "value": [] }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "displayName": "developers", "members": null }"""),
        Get("/Users/<ann>").Answers(200, """{ "groups": null }"""));
}

/// <summary>JumpCloud: its activation makes a test user and a test group, changes them by PUT, and takes them away.</summary>
public abstract class JumpCloudTests(IdpHost idp) : DialectTests(idp)
{
    internal override Vendor Vendor => Vendor.JumpCloud;

    [Fact, Trait("Scim", "J01")]
    public Task The_test_user_of_the_activation_is_made_updated_deactivated_and_deleted() => PlayAsync(
        Get("/Users?startIndex=1&count=1"),
        Post("/Users", """
            {
              "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "jumpcloud.test@<domain>", "name": { "familyName": "Test", "givenName": "JumpCloud", "formatted": "JumpCloud Test" },
              "emails": [{ "type": "work", "primary": true, "value": "jumpcloud.test@<domain>" }], "phoneNumbers": [], "addresses": [], "active": true, "displayName": "JumpCloud Test", "externalId": "5f0000000000000000000001"
            }
            """).Answers(201).Keeps("test"),
        Get("/Users/<test>"),
        Put("/Users/<test>", """
            {
              "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "<test>", "userName": "jumpcloud.test@<domain>", "name": { "familyName": "Test", "givenName": "Updated" },
              "emails": [{ "type": "work", "primary": true, "value": "jumpcloud.test@<domain>" }], "active": true, "externalId": "5f0000000000000000000001"
            }
            """).Answers(200, """{ "id": "<test>", "name": { "givenName": "Updated" }, "displayName": null }"""),
        Put("/Users/<test>", """
            { "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "jumpcloud.test@<domain>", "emails": [{ "type": "work", "primary": true, "value": "jumpcloud.test@<domain>" }], "active": false, "externalId": "5f0000000000000000000001" }
            """).Answers(200, """{ "active": false }"""),
        Delete("/Users/<test>"));

    [Fact, Trait("Scim", "J02")]
    public Task The_test_group_of_the_activation_is_made_filled_renamed_and_deleted() => PlayAsync(
        Someone("ann"),
        Post("/Groups", """{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "JumpCloud Test Group", "externalId": "5f0000000000000000000002", "members": [] }""").Answers(201).Keeps("group"),
        Patch("/Groups/<group>", """{ "op": "add", "path": "members", "value": [{ "value": "<ann>" }] }""").Answers(204),
        Put("/Groups/<group>", """
            { "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "<group>", "displayName": "JumpCloud Test Group (updated)", "externalId": "5f0000000000000000000002", "members": [{ "value": "<ann>" }] }
            """).Answers(200, """{ "displayName": "JumpCloud Test Group (updated)" }"""),
        Patch("/Groups/<group>", """{ "op": "remove", "path": "members", "value": [{ "value": "<ann>" }] }""").Answers(204),
        Get("/Groups/<group>").Answers(200, """{ "members": null }"""),
        Delete("/Groups/<group>"));
}

/// <summary>Ping Identity, CyberArk, SailPoint, Rippling and Bitwarden's client: shapes of groups that nobody else sends.</summary>
public abstract class GroupShapeTests(IdpHost idp) : DialectTests(idp)
{
    internal override Vendor Vendor => Vendor.Ping;

    [Fact, Trait("Scim", "P01"), Trait("Scim", "P02")]
    public Task Members_are_removed_by_several_paths_and_by_one_path_with_or() => PlayAsync(
        Someone("ann"), Someone("bob"), Someone("eve"), Someone("dan"), Someone("ida"), SomeGroup("developers", "ann", "bob", "eve", "dan", "ida"),
        Patch("/Groups/<developers>", """{ "op": "remove", "path": "members[value eq \"<ann>\"]" }, { "op": "remove", "path": "members[value eq \"<bob>\"]" }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<eve>" }, { "value": "<dan>" }, { "value": "<ida>" }] }"""),
        Patch("/Groups/<developers>", """{ "op": "remove", "path": "members[value eq \"<eve>\" or value eq \"<dan>\"]" }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<ida>" }] }"""));

    [Fact, Trait("Scim", "R02")]
    public Task A_member_may_be_an_object_and_no_list() => PlayAsAsync(Vendor.CyberArk,
        Someone("ann"), SomeGroup("developers"),
        Patch("/Groups/<developers>", """{ "op": "add", "path": "members", "value": { "value": "<ann>", "type": "User" } }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<ann>" }] }"""));

    [Fact, Trait("Scim", "R03")]
    public Task A_member_may_be_added_by_its_path_alone() => PlayAsAsync(Vendor.Bitwarden,
        Someone("ann"), SomeGroup("developers"),
        Patch("/Groups/<developers>", """{ "op": "add", "path": "members[value eq \"<ann>\"]" }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<ann>" }] }"""));

    [Fact, Trait("Scim", "R04")]
    public Task An_aggregation_reads_names_and_ids_only() => PlayAsAsync(Vendor.SailPoint,
        Someone("ann"), SomeGroup("developers", "ann"),
        Get("/Groups?startIndex=1&count=50&attributes=id,displayName").Answers(200, """{ "Resources": [{ "id": "<developers>", "displayName": "developers", "members": null, "meta": null }] }""").Finds("developers"),
        Get("/Users?startIndex=1&count=50&attributes=id,userName").Answers(200, """{ "Resources": [{ "userName": "ann@<domain>", "emails": null, "name": null }] }"""));

    [Fact, Trait("Scim", "R01")]
    public Task Name_and_members_are_replaced_without_a_path() => PlayAsAsync(Vendor.Rippling,
        Someone("ann"), Someone("bob"), SomeGroup("developers", "ann"),
        Patch("/Groups/<developers>", """{ "op": "replace", "value": { "displayName": "Operations", "members": [{ "value": "<bob>" }] } }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "displayName": "Operations", "members": [{ "value": "<bob>" }] }"""));
}

[Collection(SqliteHost.Name)]
public sealed class GoogleOnSqlite(SqliteIdp idp) : GoogleTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class GoogleOnPostgreSql(PostgreSqlIdp idp) : GoogleTests(idp);

[Collection(SqliteHost.Name)]
public sealed class OneLoginOnSqlite(SqliteIdp idp) : OneLoginTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class OneLoginOnPostgreSql(PostgreSqlIdp idp) : OneLoginTests(idp);

[Collection(SqliteHost.Name)]
public sealed class JumpCloudOnSqlite(SqliteIdp idp) : JumpCloudTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class JumpCloudOnPostgreSql(PostgreSqlIdp idp) : JumpCloudTests(idp);

[Collection(SqliteHost.Name)]
public sealed class GroupShapesOnSqlite(SqliteIdp idp) : GroupShapeTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class GroupShapesOnPostgreSql(PostgreSqlIdp idp) : GroupShapeTests(idp);
