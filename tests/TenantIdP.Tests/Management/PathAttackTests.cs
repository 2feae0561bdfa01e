using System.Net;
using System.Net.Sockets;
using System.Text;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Management;

/// <summary>
/// Paths that one reader takes for another's (SECURITY.md B9), sent byte by byte: no spelling of a path reaches what is guarded without a token, and none is a 5xx. What a page
/// shows to anybody is no finding.
/// </summary>
public abstract class PathAttackTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [Trait("Attack", "B9")]
    [InlineData("/api/v1/users")]
    [InlineData("//api/v1/users")]
    [InlineData("/./api/v1/users")]
    [InlineData("/health/../api/v1/users")]
    [InlineData("/health/live/..%2f..%2fapi/v1/users")]
    [InlineData("/health/%2e%2e/api/v1/users")]
    [InlineData("/assets/../api/v1/users")]
    [InlineData("/API/V1/USERS")]
    [InlineData("/%61pi/v1/users")]
    [InlineData("/api%2fv1%2fusers")]
    [InlineData("/api/v1%2fusers")]
    [InlineData("/api/v1/users/")]
    [InlineData("/api/v1//users")]
    [InlineData("/api/v1/users;jsessionid=1")]
    [InlineData("/api;/v1/users")]
    [InlineData("/api/v1/users%20")]
    [InlineData("/api/v1/users%09")]
    [InlineData("/api/v1/users.json")]
    [InlineData("/api\\v1\\users")]
    [InlineData("/api/v1/users%23")]
    [InlineData("/api/v1/users?x=/health/live")]
    [InlineData("/api/v1/%75sers")]
    [InlineData("/api/v1/users%c0%af")]
    [InlineData("/api/v1/users%2500")]
    [InlineData("/ap\u0131/v1/users")]
    [InlineData("http://health.example/api/v1/users")]
    [InlineData("/api/v1/me/../users")]
    [InlineData("/api/v1/authorization/check/../../users")]
    [InlineData("/openapi/../api/v1/users")]
    [InlineData("/scim/v2/dir_00000000000000000000000000/Users")]
    [InlineData("/scim/v2/dir_00000000000000000000000000//Users")]
    [InlineData("/SCIM/v2/dir_00000000000000000000000000/Users")]
    [InlineData("/connect/userinfo/")]
    [InlineData("/connect//userinfo")]
    [InlineData("/connect/%75serinfo")]
    public async Task No_spelling_of_a_path_goes_past_the_guard(string path)
    {
        foreach (var method in new[] { "GET", "POST", "DELETE" })
        {
            var (status, text) = await SendAsync(method, path);

            Assert.True(status is 400 or 401 or 404 or 405 or 411 or 415 or 301 or 307 or 308, $"{method} {path}: {status} {text}");
            Assert.DoesNotContain("\"items\"", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [Trait("Attack", "B9")]
    [InlineData("X-Original-URL", "/api/v1/users")]
    [InlineData("X-Rewrite-URL", "/api/v1/users")]
    [InlineData("X-Forwarded-Prefix", "/api/v1")]
    [InlineData("X-HTTP-Method-Override", "DELETE")]
    [InlineData("X-Forwarded-Host", "evil.example")]
    [InlineData("Forwarded", "host=evil.example;proto=https")]
    [InlineData("X-Forwarded-User", "admin")]
    [InlineData("X-Middleware-Subrequest", "middleware:middleware")]
    public async Task A_header_changes_neither_path_nor_method_nor_origin(string name, string value)
    {
        var (plain, text) = await SendAsync("GET", "/.well-known/openid-configuration");
        var (status, changed) = await SendAsync("GET", "/.well-known/openid-configuration", $"{name}: {value}\r\n");
        var (guarded, _) = await SendAsync("GET", "/api/v1/users", $"{name}: {value}\r\n");

        Assert.Equal((200, 200, 401), (plain, status, guarded));
        Assert.Equal(text, changed);
    }

    private async Task<(int Status, string Text)> SendAsync(string method, string path, string headers = "")
    {
        var server = new Uri(host.Issuer);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Port, Ct);
        await using var stream = client.GetStream();
        var origin = method == "POST" ? $"Origin: {host.Issuer}\r\nContent-Length: 0\r\n" : "";
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"{method} {path} HTTP/1.1\r\nHost: {server.Authority}\r\n{origin}{headers}Connection: close\r\n\r\n"), Ct);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var answer = await reader.ReadToEndAsync(Ct);
        var body = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return (int.Parse(answer.Split(' ', 3)[1], System.Globalization.CultureInfo.InvariantCulture), body < 0 ? "" : answer[(body + 4)..]);
    }
}

[Collection(SqliteHost.Name)]
public sealed class PathAttacksOnSqlite(SqliteIdp host) : PathAttackTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class PathAttacksOnPostgreSql(PostgreSqlIdp host) : PathAttackTests(host);
