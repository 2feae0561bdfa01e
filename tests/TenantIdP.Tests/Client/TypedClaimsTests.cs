using System.Security.Claims;
using TenantIdP.Client;
using Xunit;

namespace TenantIdP.Tests.Client;

public sealed class TypedClaimsTests
{
    [Fact]
    public void What_a_token_does_not_say_is_null_or_empty()
    {
        var user = new ClaimsPrincipal(new ClaimsIdentity([], "TenantIdP")).TenantIdP();

        Assert.Equal((null, null, null, null, null, null, null), (user.UserId, user.OrganizationId, user.OrganizationSlug, user.OrganizationDisplayName, user.WorkspaceId, user.ConnectionId, user.Actor));
        Assert.Empty(user.Roles.Concat(user.Permissions).Concat(user.WorkspaceRoles));
        Assert.False(user.PermissionsOverflow);
        Assert.False(user.Has("invoices:read"));
    }

    [Fact]
    public void A_workspace_its_roles_and_the_one_who_acts_are_read()
    {
        var user = Principal("TenantIdP", ("sub", "usr_1"), ("workspace_id", "wsp_1"), ("workspace_roles", "lead"), ("workspace_roles", "viewer"), ("act", """{"sub":"usr_support"}""")).TenantIdP();

        Assert.Equal(("wsp_1", "usr_support"), (user.WorkspaceId, user.Actor));
        Assert.Equal(["lead", "viewer"], user.WorkspaceRoles);
    }

    [Theory, InlineData("usr_support"), InlineData("[]"), InlineData("{}"), InlineData("""{"sub":1}"""), InlineData("")]
    public void An_actor_that_cannot_be_read_is_none(string act) => Assert.Null(Principal("TenantIdP", ("act", act)).TenantIdP().Actor);

    [Fact]
    public void Claims_of_another_scheme_give_nothing()
    {
        var principal = Principal("Cookies", ("sub", "usr_1"), ("org_id", "org_1"), ("permissions", "invoices:write"));
        principal.AddIdentity(new ClaimsIdentity([new Claim("sub", "usr_2")], "TenantIdP"));

        var user = principal.TenantIdP();

        Assert.Equal(("usr_2", null), (user.UserId, user.OrganizationId));
        Assert.False(user.Has("invoices:write"));
    }

    [Theory, InlineData("/here", "/here"), InlineData("/", "/"), InlineData("//evil.test", "/"), InlineData("/\\evil.test", "/"), InlineData("https://evil.test", "/"), InlineData("/\t/evil.test", "/"), InlineData("", "/"), InlineData(null, "/")]
    public void A_sign_in_comes_back_to_this_site_only(string? wanted, string expected) => Assert.Equal(expected, TenantIdPChallenge.For(returnUrl: wanted).RedirectUri);

    private static ClaimsPrincipal Principal(string scheme, params (string Type, string Value)[] claims) =>
        new(new ClaimsIdentity(claims.Select(c => new Claim(c.Type, c.Value)), scheme));
}
