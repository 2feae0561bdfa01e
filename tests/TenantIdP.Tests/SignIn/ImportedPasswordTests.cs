using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>A person who was imported signs in with the password that another system knew, and only the first time by its hash.</summary>
public abstract class ImportedPasswordTests(IdpHost host)
{
    private const int Rounds = 30_000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_imported_person_signs_in_with_the_old_password_whose_hash_is_then_of_today()
    {
        var (organization, email, salt) = (await host.CreateOrganizationAsync(Ct), $"{host.Unique("imported")}@example.test", "Q9sDzq0mVn1k");
        var hash = Convert.ToBase64String(Rfc2898DeriveBytes.Pbkdf2(IdpHost.Password, Encoding.ASCII.GetBytes(salt), Rounds, HashAlgorithmName.SHA256, 32));
        var user = await ImportAsync(new
        {
            externalId = host.Unique("ext"), email, emailVerified = true, passwordHash = new { algorithm = "pbkdf2", hash = $"pbkdf2_sha256${Rounds}${salt}${hash}" },
            memberships = new[] { new { organization = organization.Id.ToString() } },
        });
        Assert.StartsWith("pbkdf2_sha256$", await StoredAsync(user), StringComparison.Ordinal);

        for (var time = 1; time <= 2; time++)
        {
            using var browser = new WebBrowser();
            var app = await host.CreateAppAsync(Ct);
            var pending = app.Authorize();
            var page = await IdpHost.SignInWithPasswordAsync(browser, app, pending, email, Ct);
            Assert.True(app.IsCallback(page.Address), page.Text);
            var tokens = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
            Assert.Equal(organization.Id.ToString(), (string?)tokens.Access["org_id"]);
            Assert.DoesNotContain("pbkdf2_sha256", await StoredAsync(user), StringComparison.Ordinal);
        }
    }

    private Task<string> StoredAsync(Id<User> user) => host.ReadAsync(db => db.LocalCredentials.Where(c => c.UserId == user).Select(c => c.PasswordHash).SingleAsync(Ct));

    private async Task<Id<User>> ImportAsync(object row)
    {
        var bootstrap = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http);
        var token = (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{host.Issuer}/api/v1/users/import") { Content = new StringContent(JsonSerializer.Serialize(row), Encoding.UTF8, "application/x-ndjson") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await host.Http.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        var line = JsonDocument.Parse(text).RootElement;
        Assert.True(line.GetProperty("status").GetString() == "created", text);
        return Id<User>.Parse(line.GetProperty("userId").GetString()!, null); // a created row has one
    }
}

[Collection(SqliteHost.Name)]
public sealed class ImportedPasswordOnSqlite(SqliteIdp host) : ImportedPasswordTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ImportedPasswordOnPostgreSql(PostgreSqlIdp host) : ImportedPasswordTests(host);
