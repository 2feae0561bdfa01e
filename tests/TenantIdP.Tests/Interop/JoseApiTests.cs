using System.Text.Json.Nodes;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.House;
using Xunit;

namespace TenantIdP.Tests.Interop;

/// <summary>The API of docs/authorization.md that knows nothing of ours: jose judges the tokens of the whole server.</summary>
public abstract class JoseApiTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_takes_the_tenant_from_a_token_that_holds_the_permission_and_refuses_every_other()
    {
        var payroll = $"https://{idp.UniqueHost()}/api";
        await idp.UseAsync<ApiService, Api>(s => s.CreateAsync(new NewApi(payroll, "Payroll") { Permissions = [new("invoices:read", ["member"])] }, Ct));
        var app = await idp.CreateAppAsync(Ct, a => a with { Apis = [payroll] });
        var (user, organization) = (await idp.CreateUserAsync($"{idp.Unique("ann")}@{idp.UniqueHost()}", Ct), await idp.CreateOrganizationAsync(Ct));
        await idp.AddMemberAsync(organization, user, Ct, BuiltInRoles.Member);
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        var tokens = await IdpHost.TokensAsync(browser, app, Ct, ("organization", organization.Id.ToString()));
        var foreign = await IdpHost.TokensAsync(browser, app, Ct, ("organization", organization.Id.ToString()), ("resource", payroll));
        await using var api = NodeProgram.Start("resource-server.mjs", new JsonObject { ["issuer"] = idp.Issuer, ["audience"] = IdpHost.InvoicesApi });

        var admitted = await AskAsync(tokens.AccessToken, "invoices:read");

        Assert.Equal((organization.Id.ToString(), user.Id.ToString()), ((string?)admitted["organizationId"], (string?)admitted["userId"]));
        Assert.Equal("Forbidden", (string?)(await AskAsync(tokens.AccessToken, "invoices:write"))["refused"]);
        Assert.Equal("ERR_JWT_CLAIM_VALIDATION_FAILED", (string?)(await AskAsync(foreign.AccessToken, "invoices:read"))["refused"]); // another audience
        Assert.Equal("ERR_JWT_CLAIM_VALIDATION_FAILED", (string?)(await AskAsync((string)tokens.Body["id_token"]!, "invoices:read"))["refused"]); // there is one with openid
        Assert.Equal("ERR_JWS_SIGNATURE_VERIFICATION_FAILED", (string?)(await AskAsync(tokens.AccessToken[..^8] + "AAAAAAAA", "invoices:read"))["refused"]);

        Task<JsonObject> AskAsync(string token, string permission) => api.DoAsync("authorize", Ct, ("token", token), ("permission", permission));
    }
}

[Collection(SqliteHost.Name)]
public sealed class JoseApiOnSqlite(SqliteIdp idp) : JoseApiTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class JoseApiOnPostgreSql(PostgreSqlIdp idp) : JoseApiTests(idp);

public sealed class AuthorizationPageTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_shows_the_program_that_runs_here()
    {
        var program = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "tests/interop/authorization.mjs"), Ct);

        Assert.Contains($"```js\n{program}```", await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs/authorization.md"), Ct), StringComparison.Ordinal);
    }
}
