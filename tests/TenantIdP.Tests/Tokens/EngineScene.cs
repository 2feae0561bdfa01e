using System.Text.Json.Nodes;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>A person, an app and two organizations, spoken to over HTTP only.</summary>
public abstract class EngineScene(IdpHost idp)
{
    protected IdpHost Host => idp;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected sealed record World(RelyingParty App, User User, Organization Home, Organization Other, WebBrowser Browser, Session Session);

    /// <summary>A person with a password in two organizations, signed in.</summary>
    protected async Task<World> WorldAsync(Func<Core.Apps.NewApp, Core.Apps.NewApp>? change = null)
    {
        var app = await idp.CreateAppAsync(Ct, change);
        var user = await idp.CreateUserAsync($"{idp.Unique("user")}@{idp.UniqueHost()}", Ct, "Ann Example");
        var home = await idp.CreateOrganizationAsync(Ct);
        var other = await idp.CreateOrganizationAsync(Ct);
        await idp.AddMemberAsync(home, user, Ct, BuiltInRoles.Admin);
        await idp.AddMemberAsync(other, user, Ct, BuiltInRoles.Member);
        var (browser, session) = await idp.SignedInAsync(user, Ct);
        return new World(app, user, home, other, browser, session);
    }

    protected static Task<TokenAnswer> TokensAsync(World world) => IdpHost.TokensAsync(world.Browser, world.App, Ct, ("organization", world.Home.Id.ToString()));

    protected static string[] Strings(JsonObject claims, string name) => [.. claims[name]!.AsArray().Select(v => (string)v!)]; // asked for as an array

    protected static string Token(World world) => world.Browser.Cookies.GetAllCookies()["tidp"]!.Value; // set by SignedInAsync
}
