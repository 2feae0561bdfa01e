using TenantIdP.Core.Directories;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>One person whom the directories of two organizations know: each keeps its own account of them, and what one does is nothing to the other.</summary>
public abstract class SamePersonTests(IdpHost idp) : DialectTests(idp)
{
    private const string Eve = """
        {
          "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "eve@<shared>", "externalId": "eve", "name": { "givenName": "Eve", "familyName": "Ellery" },
          "emails": [{ "primary": true, "type": "work", "value": "eve@<shared>" }], "active": true
        }
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal override Vendor Vendor => Vendor.Okta;

    [Fact, Trait("Scim", "T03")]
    public async Task Two_organizations_have_the_same_person_as_a_guest_and_one_of_them_ends_its_own_access_only()
    {
        var shared = Idp.UniqueHost();
        var (acme, globex) = (await OpenAsync(shared), await OpenAsync(shared));
        Step[] made = [Post("/Users", Eve).Answers(201, """{ "userName": "eve@<shared>", "externalId": "eve", "active": true }""").Keeps("eve")];

        await Task.WhenAll(acme.PlayAsync(made, Ct), globex.PlayAsync(made, Ct));
        Assert.NotEqual(acme["eve"], globex["eve"]);
        await acme.PlayAsync([Patch("/Users/<eve>", """{ "op": "replace", "value": { "active": false } }""").Answers(200, """{ "active": false }""")], Ct);
        await globex.PlayAsync([Get("/Users/<eve>").Answers(200, """{ "active": true, "name": { "givenName": "Eve" } }""")], Ct);
        await acme.PlayAsync([Delete("/Users/<eve>")], Ct);
        await globex.PlayAsync([Get("""/Users?filter=externalId eq "eve" """).Answers(200, """{ "Resources": [{ "active": true }] }""").Finds("eve")], Ct);
    }

    [Fact, Trait("Attack", "E1")]
    public async Task Ids_of_another_organization_are_unknown_in_every_place_where_one_can_stand()
    {
        var (ours, theirs) = (await OpenAsync(), await OpenAsync());
        await theirs.PlayAsync([Someone("ann"), SomeGroup("developers", "ann")], Ct);
        ours.Learn("ann", theirs["ann"]);
        ours.Learn("developers", theirs["developers"]);

        await ours.PlayAsync(
        [
            Someone("bob"), SomeGroup("team", "bob"),
            Get("/Users/<ann>").Answers(404), Get("/Groups/<developers>").Answers(404),
            Put("/Users/<ann>", """{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "taken@<domain>" }""").Answers(404),
            Patch("/Users/<ann>", """{ "op": "replace", "value": { "active": false } }""").Answers(404),
            Delete("/Users/<ann>").Answers(404), Delete("/Groups/<developers>").Answers(404),
            Patch("/Groups/<developers>", """{ "op": "add", "path": "members", "value": [{ "value": "<bob>" }] }""").Answers(404),
            Patch("/Groups/<team>", """{ "op": "add", "path": "members", "value": [{ "value": "<ann>" }] }""").Answers(400, """{ "scimType": "invalidValue" }"""),
            Post("/Groups", """{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Other", "members": [{ "value": "<ann>" }] }""").Answers(400, """{ "scimType": "invalidValue" }"""),
            Get("""/Users?filter=id eq "<ann>" """).Finds(), Get("""/Groups?filter=members.value eq "<ann>" """).Finds(), Get("""/Users?filter=groups.value eq "<developers>" """).Finds(),
        ], Ct);
        await theirs.PlayAsync([Get("/Users/<ann>").Answers(200, """{ "active": true }"""), Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<ann>" }] }""")], Ct);
    }

    private async Task<Caller> OpenAsync(string shared)
    {
        var organization = await Idp.CreateOrganizationAsync(Ct);
        var access = await ScimAccess.OpenAsync(Idp, organization.Id, Ct, settings => settings with { OutsideDomains = OutsideDomains.Guest });
        var caller = new Caller(Idp.Http, Vendor, access, shared);
        caller.Learn("shared", shared);
        return caller;
    }
}

[Collection(SqliteHost.Name)]
public sealed class SamePersonOnSqlite(SqliteIdp idp) : SamePersonTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SamePersonOnPostgreSql(PostgreSqlIdp idp) : SamePersonTests(idp);
