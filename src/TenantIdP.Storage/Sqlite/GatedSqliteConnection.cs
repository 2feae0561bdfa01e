using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace TenantIdP.Storage.Sqlite;

/// <summary>Takes the turn to write with a transaction and gives it back when the transaction ends, whoever ends it.</summary>
internal sealed class GatedSqliteConnection(string connectionString, WriteGate gate, long? maxBytes) : SqliteConnection(connectionString)
{
    private bool holdsTurn;

    /// <summary>Set to null by the provider when a transaction commits, rolls back or is abandoned.</summary>
    protected override SqliteTransaction? Transaction
    {
        get => base.Transaction;
        set
        {
            base.Transaction = value;
            if (value is null) LeaveGate();
        }
    }

    public override void Open()
    {
        if (State == ConnectionState.Open) return;
        base.Open();

        // Another process may write too (a backup, a second server by mistake): wait for it. NORMAL with a write-ahead log loses no transaction to a crash of the process.
        using var command = base.CreateCommand();
        command.CommandText = "PRAGMA busy_timeout = 10000; PRAGMA synchronous = NORMAL;";
        command.ExecuteNonQuery();
        if (maxBytes is { } most) Limit(most);
    }

    public override SqliteTransaction BeginTransaction(IsolationLevel isolationLevel, bool deferred)
    {
        if (!holdsTurn)
        {
            gate.Enter();
            holdsTurn = true;
        }

        try
        {
            return base.BeginTransaction(isolationLevel, deferred: false); // BEGIN IMMEDIATE: a transaction that starts by reading could never become a writer
        }
        catch when (Transaction is null)
        {
            LeaveGate();
            throw;
        }
    }

    public override SqliteCommand CreateCommand() => new GatedSqliteCommand(this, gate) { CommandTimeout = DefaultTimeout, Transaction = Transaction };

    protected override async ValueTask<DbTransaction> BeginDbTransactionAsync(IsolationLevel isolationLevel, CancellationToken cancellationToken)
    {
        if (!holdsTurn)
        {
            await gate.EnterAsync(cancellationToken);
            holdsTurn = true;
        }

        return BeginTransaction(isolationLevel, deferred: false);
    }

    /// <summary>Holds for this connection only, as SQLite has it.</summary>
    private void Limit(long most)
    {
        using var command = base.CreateCommand();
        command.CommandText = "PRAGMA page_size";
        var page = (long)command.ExecuteScalar()!; // a database has one
        command.CommandText = $"PRAGMA max_page_count = {most / page}"; // numbers of ours
        command.ExecuteNonQuery();
    }

    private void LeaveGate()
    {
        if (!holdsTurn) return;
        holdsTurn = false;
        gate.Leave();
    }
}

/// <summary>Lets a statement outside a transaction (ExecuteUpdate, ExecuteDelete) wait its turn too.</summary>
internal sealed class GatedSqliteCommand : SqliteCommand
{
    private readonly WriteGate gate;

    public GatedSqliteCommand(SqliteConnection connection, WriteGate gate)
    {
        this.gate = gate;
        Connection = connection;
    }

    [SuppressMessage("Performance", "CA1849", Justification = "The provider has no asynchronous execution.")]
    public override async Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken)
    {
        if (Transaction is not null) return ExecuteNonQuery();
        await gate.EnterAsync(cancellationToken);
        try
        {
            return ExecuteNonQuery();
        }
        finally
        {
            gate.Leave();
        }
    }
}
