using System.Collections.Concurrent;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Nodes;

/// <summary>PERFORMANCE.md P9, for what can be asserted on a busy machine: however many write, nobody is told that another one does.</summary>
[Collection(SqliteHost.Name)]
public sealed class ManyWritersTests(SqliteIdp idp)
{
    private const int AtOnce = 8;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Eight_people_sign_in_and_eight_changes_are_made_at_once_and_nobody_is_refused()
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var app = await idp.CreateAppAsync(Ct);
        var emails = new List<string>();
        for (var i = 0; i < AtOnce; i++)
        {
            emails.Add($"{idp.Unique("person")}@{idp.UniqueHost()}");
            await idp.AddMemberAsync(organization, await idp.CreateUserAsync(emails[i], Ct), Ct);
        }

        var made = new ConcurrentBag<string>();
        var signIns = emails.Select(email => Task.Run(async () =>
        {
            using var browser = new WebBrowser();
            var pending = app.Authorize();
            var page = await IdpHost.SignInWithPasswordAsync(browser, app, pending, email, Ct);
            Assert.True(app.IsCallback(page.Address), $"{(int)page.Status} {page.Text.Trim()}");
            var tokens = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
            Assert.True(tokens.IsOk, tokens.Error);
            for (var i = 0; i < 5; i++)
            {
                tokens = await app.RefreshAsync(tokens.RefreshToken, Ct);
                Assert.True(tokens.IsOk, tokens.Error);
            }
        }));
        var changes = Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++) made.Add((await idp.CreateOrganizationAsync(Ct)).Id.ToString());
        }));
        await Task.WhenAll([.. signIns, .. changes]);

        Assert.Equal(AtOnce * 10, made.Distinct().Count());
    }
}
