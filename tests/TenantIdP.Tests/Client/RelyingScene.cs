using System.Net;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Client;

/// <summary>A person who is an admin at home and a member elsewhere.</summary>
public abstract class RelyingScene(IdpHost idp)
{
    protected IdpHost Idp => idp;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected async Task<(User User, Organization Home, Organization Other)> AnnAsync()
    {
        var user = await idp.CreateUserAsync($"{idp.Unique("ann")}@{idp.UniqueHost()}", Ct, "Ann Example");
        var (home, other) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        await idp.AddMemberAsync(home, user, Ct, BuiltInRoles.Admin);
        await idp.AddMemberAsync(other, user, Ct, BuiltInRoles.Member);
        return (user, home, other);
    }

    private protected static async Task<(HttpStatusCode Status, string Text)> AnswerAsync(RelyingApp app, WebBrowser browser, HttpMethod method, string path)
    {
        var (status, text, _) = await app.SendAsync(browser, method, path, Ct);
        return (status, text);
    }
}
