// SPDX-License-Identifier: PostgreSQL
// pgjdbc for the driver matrix; the orders it takes are described in ../drivers/program.py.

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.PGStatement;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

public final class JdbcClient {
    private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    private static final Map<String, Session> SESSIONS = new HashMap<>();

    /** What the program keeps of one connection. */
    private static final class Session {
        Connection link;
        PGConnection pg;
        final Map<String, PreparedStatement> prepared = new HashMap<>();
        final List<String> notices = new ArrayList<>();
        Statement running;
        Thread runner;
        SQLException outcome;
    }

    private JdbcClient() {}

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = Arrays.stream(line.split("\t", -1)).map(JdbcClient::unescape).toArray(String[]::new);
            obey(words[0], words[1], Arrays.copyOfRange(words, 2, words.length));
            OUT.flush();
        }
        System.exit(0);
    }

    private static void obey(String word, String name, String[] rest) {
        try {
            if (word.equals("connect")) {
                SESSIONS.put(name, connect());
                say("ok", "0");
            } else {
                say("ok", Integer.toString(order(SESSIONS.get(name), word, rest)));
            }
        } catch (SQLException error) {
            say("error", String.valueOf(error.getSQLState()), error.toString());
        } catch (Exception error) {
            say("error", "java", error.toString());
        }
    }

    private static int order(Session session, String word, String[] rest) throws Exception {
        switch (word) {
            case "close": session.link.close(); return 0;
            case "query": query(session, rest[0], params(rest, 1)); return 0;
            case "execute": return execute(session, rest[0], params(rest, 1));
            case "prepare": prepare(session, rest[0], rest[1]); return 0;
            case "run": run(session, rest[0], params(rest, 1)); return 0;
            case "unprepare": session.prepared.remove(rest[0]).close(); return 0;
            case "begin": session.link.setAutoCommit(false); return 0;
            case "commit": session.link.commit(); session.link.setAutoCommit(true); return 0;
            case "rollback": session.link.rollback(); session.link.setAutoCommit(true); return 0;
            case "copy_in": return (int) session.pg.getCopyAPI().copyIn(rest[0], new StringReader(rest[1]));
            case "copy_out": copyOut(session, rest[0]); return 0;
            case "start": start(session, rest[0]); return 0;
            case "cancel": session.running.cancel(); return 0;
            case "finish": finish(session); return 0;
            case "listen": return execute(session, "LISTEN " + rest[0], new String[0]);
            case "notification": notification(session); return 0;
            case "large_object": largeObject(session, rest[0]); return 0;
            case "batch": batch(session, rest[0], Integer.parseInt(rest[1]), params(rest, 2)); return 0;
            case "cursor": cursor(session, rest[0], Integer.parseInt(rest[1])); return 0;
            case "notices": session.notices.forEach(text -> say("row", text)); return 0;
            case "pid": say("row", Integer.toString(session.pg.getBackendPID())); return 0;
            default: throw new IllegalArgumentException(word);
        }
    }

    private static Session connect() throws SQLException {
        Properties wanted = new Properties();
        wanted.setProperty("user", System.getenv("PGUSER"));
        wanted.setProperty("password", System.getenv("PGPASSWORD"));
        wanted.setProperty("options", System.getenv("PGOPTIONS"));
        wanted.setProperty("ApplicationName", System.getenv("PGAPPNAME"));
        Session session = new Session();
        session.link = DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":"
            + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), wanted);
        session.pg = session.link.unwrap(PGConnection.class);
        return session;
    }

    /** pgjdbc's placeholder is a question mark. */
    private static String marks(String sql) {
        return sql.replaceAll("\\$[0-9]+", "?");
    }

    private static void bind(PreparedStatement statement, String[] params) throws SQLException {
        for (int i = 0; i < params.length; i++) {
            if (params[i].startsWith("i:")) {
                statement.setInt(i + 1, Integer.parseInt(params[i].substring(2)));
            } else {
                statement.setString(i + 1, params[i].substring(2));
            }
        }
    }

    private static void query(Session session, String sql, String[] params) throws SQLException {
        try (PreparedStatement statement = session.link.prepareStatement(marks(sql))) {
            bind(statement, params);
            sayRows(statement.executeQuery());
        }
    }

    private static int execute(Session session, String sql, String[] params) throws SQLException {
        try (PreparedStatement statement = session.link.prepareStatement(marks(sql))) {
            bind(statement, params);
            statement.execute();
            for (SQLWarning one = statement.getWarnings(); one != null; one = one.getNextWarning()) {
                session.notices.add(one.getMessage());
            }
            return Math.max(0, statement.getUpdateCount());
        }
    }

    private static void prepare(Session session, String name, String sql) throws SQLException {
        PreparedStatement statement = session.link.prepareStatement(marks(sql));
        statement.unwrap(PGStatement.class).setPrepareThreshold(1);
        session.prepared.put(name, statement);
    }

    private static void run(Session session, String name, String[] params) throws SQLException {
        PreparedStatement statement = session.prepared.get(name);
        if (statement == null) {
            query(session, "EXECUTE " + name + "(" + params[0].substring(2) + ")", new String[0]);
            return;
        }
        bind(statement, params);
        sayRows(statement.executeQuery());
    }

    private static void copyOut(Session session, String sql) throws Exception {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        session.pg.getCopyAPI().copyOut(sql, data);
        say("row", data.toString(StandardCharsets.UTF_8));
    }

    private static void start(Session session, String sql) throws SQLException {
        session.running = session.link.createStatement();
        session.outcome = null;
        session.runner = new Thread(() -> {
            try {
                session.running.execute(sql);
            } catch (SQLException error) {
                session.outcome = error;
            }
        });
        session.runner.start();
    }

    private static void finish(Session session) throws Exception {
        session.runner.join();
        session.running.close();
        if (session.outcome != null) {
            throw session.outcome;
        }
    }

    private static void notification(Session session) throws SQLException {
        PGNotification[] heard = session.pg.getNotifications(15000);
        if (heard == null || heard.length != 1) {
            throw new SQLException("no notification, or several", "timeout");
        }
        say("row", heard[0].getParameter());
    }

    /** Through the function call messages of the protocol, as pgjdbc does it. */
    private static void largeObject(Session session, String hex) throws SQLException {
        byte[] data = unhex(hex);
        session.link.setAutoCommit(false);
        LargeObjectManager manager = session.pg.getLargeObjectAPI();
        long number = manager.createLO();
        try (LargeObject object = manager.open(number, LargeObjectManager.WRITE)) {
            object.write(data);
        }
        try (LargeObject object = manager.open(number, LargeObjectManager.READ)) {
            say("row", hex(object.read(data.length + 1)));
        }
        manager.unlink(number);
        session.link.commit();
        session.link.setAutoCommit(true);
    }

    private static void batch(Session session, String sql, int width, String[] params) throws SQLException {
        try (PreparedStatement statement = session.link.prepareStatement(marks(sql))) {
            for (int at = 0; at < params.length; at += width) {
                bind(statement, Arrays.copyOfRange(params, at, at + width));
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    private static void cursor(Session session, String sql, int size) throws SQLException {
        session.link.setAutoCommit(false);
        try (Statement statement = session.link.createStatement()) {
            statement.setFetchSize(size);
            sayRows(statement.executeQuery(sql));
        }
        session.link.commit();
        session.link.setAutoCommit(true);
    }

    private static void sayRows(ResultSet rows) throws SQLException {
        int width = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            String[] fields = new String[width + 1];
            fields[0] = "row";
            for (int i = 1; i <= width; i++) {
                fields[i] = text(rows.getObject(i));
            }
            say(fields);
        }
        rows.close();
    }

    private static String text(Object value) throws SQLException {
        if (value == null) {
            return null;
        }
        if (value instanceof Boolean) {
            return (Boolean) value ? "t" : "f";
        }
        if (value instanceof byte[]) {
            return "\\x" + hex((byte[]) value);
        }
        if (value instanceof Double && (Double) value == Math.rint((Double) value)) {
            return Long.toString(((Double) value).longValue());
        }
        if (value instanceof Array) {
            return "{" + String.join(",", Arrays.copyOf((Object[]) ((Array) value).getArray(),
                ((Object[]) ((Array) value).getArray()).length, String[].class)) + "}";
        }
        return value.toString();
    }

    private static String[] params(String[] words, int from) {
        return Arrays.copyOfRange(words, from, words.length);
    }

    private static String hex(byte[] data) {
        StringBuilder out = new StringBuilder(data.length * 2);
        for (byte one : data) {
            out.append(Character.forDigit((one >> 4) & 15, 16)).append(Character.forDigit(one & 15, 16));
        }
        return out.toString();
    }

    private static byte[] unhex(String hex) {
        byte[] data = new byte[hex.length() / 2];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        }
        return data;
    }

    private static void say(String... fields) {
        StringBuilder line = new StringBuilder();
        for (String field : fields) {
            line.append(line.length() == 0 ? "" : "\t").append(escape(field));
        }
        OUT.print(line.append('\n'));
    }

    private static String escape(String field) {
        return field == null ? "\\N" : field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
            .replace("\r", "\\r");
    }

    private static String unescape(String field) {
        if (field.equals("\\N")) {
            return null;
        }
        StringBuilder out = new StringBuilder(field.length());
        for (int i = 0; i < field.length(); i++) {
            char letter = field.charAt(i);
            if (letter == '\\') {
                i++;
                int which = "tnr\\".indexOf(field.charAt(i));
                letter = "\t\n\r\\".charAt(which);
            }
            out.append(letter);
        }
        return out.toString();
    }
}
