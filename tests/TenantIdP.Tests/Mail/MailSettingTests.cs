using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using TenantIdP.Core.Instance;
using TenantIdP.Server.Mail;
using Xunit;

namespace TenantIdP.Tests.Mail;

public sealed class MailSettingTests
{
    private static readonly string[] Complete = ["Host=mail.example.test", "From=no-reply@example.test"];

    private static MailOptions Read(string environment, params string[] settings) => MailOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => s.Split('=', 2)).ToDictionary(p => "TenantIdP:Mail:" + p[0], p => (string?)p[1])).Build(), new Environment(environment));

    [Fact]
    public void Nothing_at_all_is_a_server_without_mail() => Assert.False(Read("Production").HasServer);

    [Fact]
    public void With_a_host_TLS_is_the_default() => Assert.Equal((MailSecurity.StartTls, 587), (Read("Production", Complete).Security, Read("Production", Complete).Port));

    [Theory]
    [InlineData("From", "Host=mail.example.test")]
    [InlineData("From", "Host=mail.example.test", "From=nobody")]
    [InlineData("Host", "Host=https://mail.example.test/", "From=a@example.test")]
    [InlineData("Port", "Host=mail.example.test", "From=a@example.test", "Port=0")]
    [InlineData("User", "Host=mail.example.test", "From=a@example.test", "User=x")]
    [InlineData("User", "Host=mail.example.test", "From=a@example.test", "Password=x")]
    [InlineData("PasswordFile", "Host=mail.example.test", "From=a@example.test", "User=x", "Password=y", "PasswordFile=z")]
    [InlineData("PasswordFile", "Host=mail.example.test", "From=a@example.test", "User=x", "PasswordFile=no-such-file")]
    [InlineData("Security", "Host=mail.example.test", "From=a@example.test", "User=x", "Password=y", "Security=None")]
    [InlineData("Security", "Host=mail.example.test", "From=a@example.test", "Security=sometimes")]
    [InlineData("CaFile", "Host=mail.example.test", "From=a@example.test", "CaFile=no-such-file")]
    [InlineData("FromName", "Host=mail.example.test", "From=a@example.test", "FromName=a\r\nBcc: b")]
    [InlineData("TimeoutSeconds", "Host=mail.example.test", "From=a@example.test", "TimeoutSeconds=600")]
    [InlineData("DropFolder", "DropFolder=somewhere")] // would hold links that work, in Production
    public void A_wrong_setting_ends_the_start_and_is_named(string key, params string[] settings)
    {
        var message = Assert.Throws<StartupException>(() => Read("Production", settings)).Message;

        Assert.Contains(key, message, StringComparison.Ordinal);
        Assert.StartsWith("TenantIdP__Mail", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_password_can_be_a_file_and_is_not_printed()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "s3cret\n");
            var options = Read("Production", [.. Complete, "User=mailer", $"PasswordFile={file}"]);

            Assert.Equal("s3cret", options.Password);
            Assert.DoesNotContain("s3cret", options.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private sealed class Environment(string name) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;
        public string ApplicationName { get; set; } = "test";
        public string ContentRootPath { get; set; } = Path.GetTempPath();
        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
