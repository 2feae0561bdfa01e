using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using TenantIdP.Server;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Nodes;

/// <summary><c>backup</c> as an operator runs it, and a server on what it wrote.</summary>
[Trait("Fault", "R13")]
public sealed class BackupTests(SqliteIdp idp) : IClassFixture<SqliteIdp>, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidp-backup-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_server_on_a_copy_made_while_others_wrote_is_the_instance_of_that_moment()
    {
        var original = new SqliteIdp(); // of this test alone: it ends, and another takes its place
        await original.InitializeAsync();
        var email = $"{original.Unique("jane")}@{original.UniqueHost()}";
        var user = await original.CreateUserAsync(email, Ct);
        var organization = await original.CreateOrganizationAsync(Ct);
        await original.AddMemberAsync(organization, user, Ct);
        var app = await original.CreateAppAsync(Ct);
        var (browser, _) = await original.SignedInAsync(user, Ct);
        var before = await IdpHost.TokensAsync(browser, app, Ct);
        var file = Path.Combine(folder, "copy.db");

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var writing = WriteOnAsync(original, enough.Token);
        var (code, output) = await RunAsync(original.Store.Settings, "backup", "--to", file);
        await enough.CancelAsync();
        Assert.True(code == 0, output);
        Assert.True(await writing > 0, "Nobody wrote meanwhile.");
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal([file], Directory.GetFiles(folder));
        var after = await IdpHost.TokensAsync(browser, app, Ct);

        var keys = await original.Http.GetStringAsync(original.Issuer + "/.well-known/jwks", Ct);
        await original.DisposeAsync();

        await using var copy = await StartOnAsync(file, original);
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });
        Assert.Equal(keys, await http.GetStringAsync(original.Issuer + "/.well-known/jwks", Ct));
        var there = new RelyingParty(original.Issuer, app.App, http);
        var late = await there.RefreshAsync(after.RefreshToken, Ct);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (late.Status, late.Error));
        Assert.True((await there.RefreshAsync(before.RefreshToken, Ct)).IsOk);
        using var another = new WebBrowser();
        var pending = there.Authorize();
        var page = await IdpHost.SignInWithPasswordAsync(another, there, pending, email, Ct);
        Assert.True((await there.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct)).IsOk);
        await copy.StopAsync(Ct);
    }

    [Fact]
    public async Task A_backup_overwrites_nothing_and_says_how_it_is_called()
    {
        var file = Path.Combine(folder, "there.db");
        await File.WriteAllTextAsync(file, "something else", Ct);

        var (refused, why) = await RunAsync(idp.Store.Settings, "backup", "--to", file);
        Assert.Equal(1, refused);
        Assert.Contains("is there already", why, StringComparison.Ordinal);
        Assert.Equal("something else", await File.ReadAllTextAsync(file, Ct));
        Assert.Equal(2, (await RunAsync(idp.Store.Settings, "backup")).Code);

        var elsewhere = new Dictionary<string, string?>(idp.Store.Settings) { ["ConnectionStrings:TenantIdP"] = $"Data Source={folder}/none.db" };
        Assert.Equal(1, (await RunAsync(elsewhere, "backup", "--to", Path.Combine(folder, "new.db"))).Code);
        Assert.Equal([file], Directory.GetFiles(folder));
    }

    [Fact]
    public async Task On_PostgreSQL_it_names_the_command_that_does_it_without_the_password()
    {
        var settings = new Dictionary<string, string?>(idp.Store.Settings)
        {
            ["TenantIdP:Database:Provider"] = "PostgreSql", ["ConnectionStrings:TenantIdP"] = "Host=db.example;Port=5433;Database=identity;Username=tidp;Password=not-to-be-told",
        };

        var (code, output) = await RunAsync(settings, "backup", "--to", "/backups/today.dump");

        Assert.Equal(2, code);
        Assert.Contains("pg_dump --format=custom --host=db.example --port=5433 --username=tidp --file=/backups/today.dump identity", output, StringComparison.Ordinal);
        Assert.DoesNotContain("not-to-be-told", output, StringComparison.Ordinal);
    }

    private static async Task<int> WriteOnAsync(IdpHost idp, CancellationToken ct)
    {
        for (var written = 0; ; written++)
        {
            if (ct.IsCancellationRequested) return written;
            await idp.CreateOrganizationAsync(Ct);
        }
    }

    private async Task<(int Code, string Output)> RunAsync(IReadOnlyDictionary<string, string?> store, params string[] command)
    {
        var settings = new Dictionary<string, string?>(store) { ["TenantIdP:Issuer"] = idp.Issuer };
        await using var process = ServerProcess.Start([ServerProcess.Program("Release"), .. command], settings);
        return (await process.ExitAsync(Ct), process.Output);
    }

    private static async Task<WebApplication> StartOnAsync(string file, IdpHost original)
    {
        var app = ServerApp.Build(["--environment", "Development", "--urls", original.Issuer], builder =>
        {
            builder.Configuration.AddInMemoryCollection(original.Store.Settings);
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["TenantIdP:Issuer"] = original.Issuer, ["ConnectionStrings:TenantIdP"] = $"Data Source={file}" });
            builder.Logging.ClearProviders();
        });
        await app.StartAsync(Ct);
        return app;
    }
}
