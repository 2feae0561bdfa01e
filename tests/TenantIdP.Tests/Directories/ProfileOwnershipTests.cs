using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Names and the primary address of an account that is an organization's alone are its directory's, and nobody else's to change.</summary>
public abstract class ProfileOwnershipTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_directory_owns_nobody_else_changes_and_what_it_does_not_everybody_may()
    {
        var (world, user, email) = await OwnedAsync();

        foreach (var patch in new[] { """{"name":"Other"}""", """{"givenName":"Other"}""", """{"familyName":null}""", """{"name":"Other","locale":"de"}""" })
            await AssertProblem.IsAsync(await SendAsync(HttpMethod.Patch, $"users/{user}", patch), HttpStatusCode.Conflict, "managed_by_directory", Ct);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Patch, $"users/{user}", """{"name":"Ann Smith","locale":"de","metadata":{"a":1}}""")).StatusCode); // its own name is no change

        var second = JsonDocument.Parse(await (await SendAsync(HttpMethod.Post, $"users/{user}/emails", $$"""{"address":"{{host.Unique("second")}}@elsewhere.test","verified":true}""")).Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("id").GetString();
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Patch, $"users/{user}/emails/{second}", """{"primary":true}"""), HttpStatusCode.Conflict, "managed_by_directory", Ct);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Patch, $"users/{user}/emails/{email}", """{"verified":false}"""), HttpStatusCode.Conflict, "managed_by_directory", Ct); // another would be primary
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, $"users/{user}/emails/{second}", null)).StatusCode);

        var after = await host.UseAsync<UserService, User>(s => s.FindAsync(user, Ct));
        Assert.Equal(("Ann Smith", "Ann", "Smith", "de", world.Address("ann")), (after.Name, after.GivenName, after.FamilyName, after.Locale, Assert.Single(after.Emails).Address));
    }

    [Fact]
    public async Task Nor_does_a_program_that_knows_the_person_by_its_own_id_or_imports_them()
    {
        var (_, user, _) = await OwnedAsync();
        var external = host.Unique("ours");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Patch, $"users/{user}", $$"""{"externalId":"{{external}}"}""")).StatusCode);

        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Put, $"users/by-external-id/{external}", """{"name":"Other"}"""), HttpStatusCode.Conflict, "managed_by_directory", Ct);
        using var import = await SendAsync(HttpMethod.Post, "users/import", $$"""{"externalId":"{{external}}","name":"Other"}""", "application/x-ndjson");
        var told = await import.Content.ReadAsStringAsync(Ct);

        Assert.Contains("managed_by_directory", told, StringComparison.Ordinal);
        Assert.Equal("Ann Smith", (await host.UseAsync<UserService, User>(s => s.FindAsync(user, Ct))).Name);
    }

    [Fact]
    public async Task Without_the_directory_its_word_or_with_another_organization_the_account_is_anybodys_again()
    {
        var (switched, shared, deleted, gone) = (await OwnedAsync(), await OwnedAsync(), await OwnedAsync(), await OwnedAsync());
        await host.UseAsync<DirectoryService, OrganizationDirectory>(
            s => s.UpdateAsync(switched.World.Organization.Id, switched.World.Directory.Directory.Id, new DirectoryChanges { OwnsProfile = new Patch<bool?>(false) }, Granter.Instance, null, Ct), switched.World.Organization.Id);
        await host.AddMemberAsync(await host.CreateOrganizationAsync(Ct), await host.UseAsync<UserService, User>(s => s.FindAsync(shared.User, Ct)), Ct);
        await host.UseAsync<DirectoryDeletion, DirectoryImpact>(s => s.DeleteAsync(deleted.World.Organization.Id, deleted.World.Directory.Directory.Id, null, Ct), deleted.World.Organization.Id);
        var row = (await gone.World.Scim.GetAsync("/Users", Ct)).Body.GetProperty("Resources")[0].GetProperty("id").GetString();
        await gone.World.Scim.DeleteAsync($"/Users/{row}", Ct);

        foreach (var user in new[] { switched.User, shared.User, deleted.User, gone.User })
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Patch, $"users/{user}", """{"name":"Other"}""")).StatusCode);
    }

    [Fact]
    public async Task An_account_that_the_directory_has_only_taken_over_is_not_its_to_own()
    {
        var world = await ScimWorld.NewAsync(host);
        var user = await host.CreateUserAsync(world.Address("ann"), Ct, "Ann Herself");
        await world.CreateAsync("ann", "\"displayName\":\"Ann of the directory\"");

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Patch, $"users/{user.Id}", """{"name":"Ann"}""")).StatusCode);
    }

    private async Task<(ScimWorld World, Id<User> User, Id<UserEmail> Email)> OwnedAsync()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann", "\"name\":{\"givenName\":\"Ann\",\"familyName\":\"Smith\"}");
        var user = (await world.RowsAsync(made.Id)).User;
        return (world, user.Id, Assert.Single(user.Emails).Id);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body, string type = "application/json")
    {
        var bootstrap = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http);
        var token = (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        using var request = new HttpRequestMessage(method, $"{host.Issuer}/api/v1/{path}") { Content = body is null ? null : new StringContent(body, Encoding.UTF8, type) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await host.Http.SendAsync(request, Ct);
    }
}

[Collection(SqliteHost.Name)]
public sealed class ProfileOwnershipOnSqlite(SqliteIdp host) : ProfileOwnershipTests(host);

[Collection(PostgreSqlHost.Name), Trait("Store", "PostgreSql")]
public sealed class ProfileOwnershipOnPostgreSql(PostgreSqlIdp host) : ProfileOwnershipTests(host);
