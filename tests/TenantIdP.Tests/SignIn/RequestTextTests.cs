using System.Net;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.SignIn;

public abstract class RequestTextTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/signin?email=a%00b")]
    [InlineData("/?a%00=b")]
    [InlineData("/signout?x=%00")]
    [InlineData("/connect/authorize?client_id=a%00b")]
    [InlineData("/api/v1/organizations?after=%00")]
    [InlineData("/api/v1/users?email=a%00@b.example")]
    [InlineData("/signin/oidc/%00/callback")]
    [InlineData("/health/live?x=%00")]
    public async Task A_nul_in_the_address_is_400_everywhere(string address)
    {
        using var answer = await host.Http.GetAsync(host.Issuer + address, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Theory, InlineData("/signin"), InlineData("/signin/password"), InlineData("/connect/token"), InlineData("/connect/par"), InlineData("/connect/revoke")]
    public async Task A_nul_in_a_form_is_400_everywhere(string path)
    {
        using var form = new FormUrlEncodedContent([new("client_id", "a\0b"), new("email", "a\0@b.example"), new("grant_type", "client_credentials")]);
        using var request = new HttpRequestMessage(HttpMethod.Post, host.Issuer + path) { Content = form };
        request.Headers.Add("Origin", host.Issuer);

        using var answer = await host.Http.SendAsync(request, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }
}

[Collection(SqliteHost.Name)]
public sealed class RequestTextOnSqlite(SqliteIdp host) : RequestTextTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class RequestTextOnPostgreSql(PostgreSqlIdp host) : RequestTextTests(host);
